"""The golden table: what each rule does through the changes of the clock in each zone, checked in as text."""
