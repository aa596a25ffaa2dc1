"""The periodic tasks of Celery's user guide."""

from datetime import timedelta

from celery import Celery
from celery.schedules import crontab, schedule, solar

app = Celery("tasks", broker="pyamqp://guest@localhost//")
app.conf.timezone = "Europe/London"
OFFICE = crontab(minute=0, hour="8-17/2,20", day_of_week="mon-fri")


@app.on_after_configure.connect
def setup_periodic_tasks(sender: Celery, **kwargs):
    # Calls test('hello') every 10 seconds.
    sender.add_periodic_task(10.0, test.s("hello"), name="add every 10")

    # Calls test('hello') every 30 seconds.
    sender.add_periodic_task(30.0, test.s("hello"), name="add every 30")

    # Executes every Monday morning at 7:30 a.m.
    sender.add_periodic_task(crontab(hour=7, minute=30, day_of_week=1), test.s("Happy Mondays!"))


@app.task
def test(arg):
    print(arg)


@app.task
def add(x, y):
    return x + y


app.conf.beat_schedule = {
    "add-every-30-seconds": {"task": "tasks.add", "schedule": 30.0, "args": (16, 16)},
    "add-every-monday-morning": {
        "task": "tasks.add",
        "schedule": crontab(hour=7, minute=30, day_of_week=1),
        "args": (16, 16),
    },
    "add-at-melbourne-sunset": {
        "task": "tasks.add",
        "schedule": solar("sunset", -37.81753, 144.96715),
        "args": (16, 16),
    },
    "every-three-hours": {"task": "shop.sync", "schedule": crontab(minute=0, hour="*/3")},
    "on-even-numbered-days": {"task": "shop.sync", "schedule": crontab(0, 0, day_of_month="2-30/2")},
    "first-and-third-weeks": {
        "task": "shop.sync",
        "schedule": crontab(0, 0, day_of_month="1-7,15-21", day_of_week="thu"),
    },
    "office": {"task": "shop.sync", "schedule": OFFICE, "options": {"queue": "shop", "priority": 5, "expires": 120.0}},
    "cleanup": {
        "task": "shop.clean",
        "schedule": timedelta(days=1),
        "kwargs": {"days": 30},
        "options": {"ignore_result": True},
    },
    "relative": {"task": "shop.clean", "schedule": schedule(run_every=60 * 5)},
    "computed": {"task": "shop.clean", "schedule": crontab(minute=app.conf.minute)},
}
