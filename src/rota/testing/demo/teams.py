"""Who works at the company of the demo, and what their jobs are called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Jobs of one kind: `prefix.subject.verb`, and how many of them have which rhythm."""

    prefix: str
    category: str
    kind: str
    queue: str
    seconds: tuple[float, float]
    """Between which the usual durations lie."""
    subjects: tuple[str, ...]
    verbs: tuple[str, ...]
    rhythms: dict[str, int]
    says: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team with the people who own its jobs."""

    name: str
    people: tuple[str, ...]
    families: tuple[Family, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TEAMS = (
    Team(
        "data-platform",
        ("Ines Albrecht", "Tomás Ferreira", "Yuki Tanaka"),
        (
            Family(
                "etl", "ingestion", "python", "etl", (2, 90),
                _words("orders customers products payments sessions clicks returns prices stock"),
                _words("extract load merge dedupe snapshot"),
                {"frequent": 6, "quarterly": 3, "hourly": 4, "daily": 2},
                "Brings {subject} from the operational systems into the warehouse ({verb}).",
            ),
            Family(
                "spark", "batch", "python", "batch", (240, 2400),
                _words("sessions events recommendations attribution features"),
                _words("rebuild compact train score"),
                {"daily": 7, "hourly": 1, "none": 2},
                "Cluster job: {verb} of {subject}. Takes long; watch the log of the driver.",
            ),
        ),
    ),
    Team(
        "analytics",
        ("Marta Nowak", "Daniel Okafor"),
        (
            Family(
                "reports", "reporting", "python", "reports", (5, 400),
                _words("revenue margin churn funnel cohort retention campaigns nps inventory traffic"),
                _words("daily publish refresh export"),
                {"daily": 14, "weekly": 5, "business": 3, "monthly": 3},
                "Report on {subject}, sent to those who subscribed to it ({verb}).",
            ),
        ),
    ),
    Team(
        "billing",
        ("Karin Lindqvist", "Rafael Costa", "Priya Nair"),
        (
            Family(
                "billing", "finance", "python", "billing", (1, 180),
                _words("invoices dunning refunds ledger tax subscriptions payouts sepa"),
                _words("issue reconcile export close collect"),
                {"business": 8, "daily": 6, "hourly": 3, "quarterly": 3, "frequent": 2, "weekly": 2, "none": 1},
                "{subject}: {verb}. Finance waits for it; escalate after the second failure.",
            ),
        ),
    ),
    Team(
        "crm",
        ("Olga Petrova", "Sam Whitfield"),
        (
            Family(
                "crm", "sync", "http", "default", (0.2, 12),
                _words("contacts accounts deals tickets leads consents segments"),
                _words("sync push pull enrich"),
                {"frequent": 7, "quarterly": 5, "hourly": 5, "daily": 4, "none": 4},
                "Keeps {subject} alike in the CRM and here ({verb}).",
            ),
        ),
    ),
    Team(
        "infrastructure",
        ("Jonas Weber", "Aisha Rahman", "Lucía Moreno"),
        (
            Family(
                "cleanup", "maintenance", "script", "default", (0.5, 60),
                _words("temp-files sessions exports uploads caches audit-trail images"),
                _words("sweep vacuum rotate"),
                {"daily": 8, "hourly": 4, "weekly": 3},
                "Takes away old {subject} ({verb}).",
            ),
            Family(
                "backup", "maintenance", "script", "batch", (60, 1500),
                _words("warehouse orders-db crm-db object-store secrets"),
                _words("dump verify replicate"),
                {"daily": 6, "weekly": 3, "hourly": 1},
                "Backup of {subject}: {verb}.",
            ),
        ),
    ),
    Team(
        "integrations",
        ("Felix Brandt", "Noor Haddad"),
        (
            Family(
                "webhooks", "delivery", "http", "webhooks", (0.1, 3),
                _words("shopify stripe github slack zendesk twilio hubspot mailchimp sendgrid"),
                _words("deliver replay confirm"),
                {"none": 9, "frequent": 5, "quarterly": 3, "hourly": 4, "daily": 4},
                "Tells {subject} what happened here ({verb}).",
            ),
        ),
    ),
    Team(
        "risk",
        ("Elena Marchetti", "Patrick O'Neill"),
        (
            Family(
                "risk", "trading", "python", "default", (3, 300),
                _words("exposure limits collateral fraud-scores sanctions positions margins"),
                _words("calculate check refresh close"),
                {"market": 12, "frequent": 4, "hourly": 4, "business": 3, "weekly": 2},
                "{subject}: {verb}, on days on which the exchange trades.",
            ),
        ),
    ),
    Team(
        "logistics",
        ("Hanna Virtanen", "Diego Suárez"),
        (
            Family(
                "shipping", "operations", "python", "default", (0.5, 45),
                _words("labels manifests tracking carriers returns pallets routes customs"),
                _words("print update plan announce"),
                {"daily": 13, "hourly": 4, "quarterly": 3, "frequent": 3, "weekly": 2},
                "{subject} of the warehouse in Zaragoza: {verb}.",
            ),
        ),
    ),
)  # fmt: skip


def email(person: str) -> str:
    """Their address."""
    plain = person.lower().translate(str.maketrans("áéíóúñç' ", "aeiounc-."))
    return f"{plain}@example.com"
