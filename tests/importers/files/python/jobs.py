"""The examples of APScheduler's user guide."""

from datetime import date, datetime

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

sched = BlockingScheduler(timezone="Europe/Helsinki")


def job_function(text="Hello World"):
    print(text)


# Schedules job_function to be run on the third Friday
# of June, July, August, November and December at 00:00, 01:00, 02:00 and 03:00
sched.add_job(job_function, "cron", month="6-8,11-12", day="3rd fri", hour="0-3")

# Runs from Monday to Friday at 5:30 (am) until 2027-05-30 00:00:00
sched.add_job(job_function, "cron", day_of_week="mon-fri", hour=5, minute=30, end_date="2027-05-30")


@sched.scheduled_job("cron", id="my_job_id", day="last sun")
def some_decorated_task():
    print("I am printed at 00:00:00 on the last Sunday of every month!")


sched.add_job(job_function, CronTrigger.from_crontab("0 0 1-15 may-aug *"))

# Run the `job_function` every hour with an extra-delay picked randomly between 0 and 120 seconds.
sched.add_job(job_function, "cron", hour="*", jitter=120)

# Schedule job_function to be called every two hours
sched.add_job(job_function, "interval", hours=2, id="two-hours")

# The same as before, but starts on 2026-12-10 at 9:30 and stops on 2027-06-15 at 11:00
sched.add_job(
    job_function, "interval", hours=2, start_date="2026-12-10 09:30:00", end_date="2027-06-15 11:00:00", id="bounded"
)

# The job will be executed on November 6th, 2027
sched.add_job(job_function, "date", run_date=date(2027, 11, 6), args=["text"])
sched.add_job(job_function, "date", run_date=datetime(2027, 11, 6, 16, 30, 5), args=["text"])

# The 'date' trigger and datetime.now() as run_date are implicit
sched.add_job(job_function, args=["text"])

sched.add_job(
    job_function,
    OrTrigger([CronTrigger(day_of_week="mon", hour=2), CronTrigger(day_of_week="tue", hour=15)]),
    id="either",
    coalesce=False,
    max_instances=3,
    misfire_grace_time=300,
)

sched.start()
