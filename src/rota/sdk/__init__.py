"""What an application writes against: jobs, their context and rules, and the verb that submits work."""
