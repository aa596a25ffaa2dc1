"""Cron expressions from people who mean no good, and from those who only guess: a list by hand and others by seed."""

import random
from collections.abc import Callable, Iterator

BY_HAND = [
    # steps and numbers
    "*/0 * * * *", "*/00 * * * *", "*/9999 * * * *", "*/99999999999999999999 * * * *", "*/-1 * * * *", "0/0 * * * *",
    "99 * * * *", "00000000000 * * * *", "-1 * * * *", "1.5 * * * *", "1e3 * * * *", "0x1 * * * *", "1_0 * * * *",
    "59/9999 23/9999 31/9999 12/9999 7/9999", "*/*/2 * * * *", "*//2 * * * *", "*/ * * * *", "/2 * * * *",
    # lists and ranges
    ", * * * *", ",, * * * *", "1, * * * *", ",1 * * * *", "1,,2 * * * *", "1-2-3 * * * *", "1- * * * *", "- * * * *",
    "5-1 * * * *", "0-59,0-59,0-59/1,*,*/1 0-23,0-23 1-31,1-31 1-12,1-12 0-7,0-7", "22-2 * * * *", "* * * * FRI-MON",
    "* * * DEC-JAN *", "1-* * * * *", "*-5 * * * *", ",".join(["0-59"] * 64) + " * * * *",
    ",".join(["*"] * 65) + " * * * *", "*" + ",*" * 40 + " * * * *",
    # days
    "0 0 L-99 * *", "0 0 L-31 * *", "0 0 L-30 * *", "0 0 L--1 * *", "0 0 L- * *", "0 0 LL * *", "0 0 LWL * *",
    "0 0 32W * *", "0 0 0W * *", "0 0 W * *", "0 0 WL * *", "0 0 W1 * *", "0 0 *W * *", "0 0 1-5W * *", "0 0 L-3W * *",
    "0 0 31W 2 *", "0 0 31W 2,4,6,9,11 *", "0 0 * * MON#6", "0 0 * * MON#0", "0 0 * * MON#", "0 0 * * #1",
    "0 0 * * MON#-1", "0 0 * * MON#L", "0 0 * * 8L", "0 0 * * L", "0 0 * * MONL#1", "0 0 * * 1-5L", "0 0 * * MON#1-3",
    "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 */31 2 5#5", "0 0 29 2 MON#5", "0 0 L-28 2 *", "0 0 L-29 2 *",
    # question marks, hashes, names
    "? * * * *", "* ? * * *", "* * * ? *", "* * ? * ?", "* * ?/2 * *", "* * ?,? * *", "H(5-1) * * * *", "H() * * * *",
    "H(0-99) * * * *", "H(-1) * * * *", "H/0 * * * *", "H(0-59)/9999 * * * *", "HH * * * *", "H-H * * * *", "H# * * * *",
    "H H H H H", "((((((((((1)))))))))) * * * *", "H(H(H(H(0-1)))) * * * *", "[0-5] * * * *", "{1,2} * * * *",
    "* * * JANUARY *", "* * * * MONDAY", "* * * FOO *", "JAN * * * *", "* * * MON JAN", "@", "@@daily", "@reboot",
    "@every 5m", "@every_minute", "@daily @daily", "@daily * * * *", "@yearly/2",
    # fields
    "", " ", "*", "* *", "* * *", "* * * *", "* * * * * * *", "* * * * * * * *", "0 0 12 * * ? 2030", "cron(0 10 * * ? *)",
    "rate(5 minutes)", "TZ=UTC 0 0 * * *", "0 0 * * * root rm -rf /", "0 0 * * * ; DROP TABLE jobs", "%s %d %n * *",
    "*****", "* * * * *\n* * * * *", "\t*\t*\t*\t*\t*\t", "\r\n* * * * *\r\n", "  0   0   *   *   *  ",
    # what is no ASCII text, or hardly
    "\0", "0 0 * * *\0", "\0 0 * * *", "0\u00a00\u00a0*\u00a0*\u00a0*", "\ufeff0 0 * * *", "٣ ٣ * * *", "０ ０ * * *",
    "² * * * *", "Ⅳ * * * *", "𝟘 𝟘 * * *", "0 0 * * ſun", "0 0 * * frı", "@wee\u212aly", "* * * * \u2217", "0\u20130 * * * *",
    "\ud800 * * * *", "\U0010ffff * * * *", "* * * * *\u202e", "0\u200b 0 * * *", "\x1b[2J * * * *", "0\x1f0\x1e*\x1d*\x1c*",
    # length
    "*" * 256, "*" * 257, "*" * 1_000_000, "1," * 128, " " * 100_000, "0 " * 100_000, "H" * 256, "L" * 256, "(" * 256,
    "1" * 256, "/" * 256, "-" * 256, "," * 256, "*/1" * 85, "0 0 1" + ",1" * 123 + " * *",
]  # fmt: skip

VALID = ["0 6 * * MON-FRI", "*/10 * * * * *", "0 0 L-3 * ?", "H(0-29)/10 * * * *", "0 0 15W 1-6/2 *", "5,10-20/3 1 * JAN 0#1",
         "@weekly", "59 59 23 31 12 7L"]  # fmt: skip
ATOMS = ["*", "?", "H", "L", "LW", "W", "0", "1", "7", "12", "23", "28", "29", "30", "31", "32", "59", "60", "99", "FEB", "SUN",
         "MON-FRI", "FRI-MON", "1-31", "0-59", "30-31", "H(1-5)", "5L", "FRIL", "5#5", "MON#6", "31W", "30W", "L-30",
         "L-99", "@daily", "-", "/", ",", "", "*/2", "*/0", "2/9999", "0-7/7"]  # fmt: skip
SIGNS = "0123456789*/,-LWH#?@() MONJANFRISUDEC\t\n\0."
ODD = "٣０²Ⅳ𝟘ſıK\u00a0\u200b\ufeff\u2028\ud800\U0010ffffé漢"


def _soup(chance: random.Random) -> str:
    return "".join(chance.choices(SIGNS, k=chance.randint(0, 80)))


def _atoms(chance: random.Random) -> str:
    return " ".join(_list_of_atoms(chance) for _ in range(chance.choice([5, 5, 5, 6, 6, 4, 7])))


def _list_of_atoms(chance: random.Random) -> str:
    atoms = chance.choices(ATOMS, k=chance.choice([1, 1, 1, 2, 3, 12]))
    return ",".join(atom + (f"/{chance.randint(0, 70)}" if chance.random() < 0.1 else "") for atom in atoms)


def _damaged(chance: random.Random) -> str:
    text = list(chance.choice(VALID))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        text[at : at + chance.randint(0, 2)] = chance.choices(SIGNS + ODD, k=chance.randint(0, 3))
    return "".join(text)


def _long(chance: random.Random) -> str:
    field = ",".join(_list_of_atoms(chance) for _ in range(chance.randint(10, 40)))
    fields = [field if chance.random() < 0.5 else "*" for _ in range(5)]
    return " ".join(fields)[: chance.choice([256, 256, 257, 4000])]


def _crowded(chance: random.Random) -> str:
    """Long but well formed: what costs most to read within 256 characters."""
    weekdays = ",".join(f"{chance.randint(0, 7)}#{chance.randint(1, 5)}" for _ in range(20))
    days = ",".join(chance.choice([f"{chance.randint(1, 31)}W", f"L-{chance.randint(0, 30)}"]) for _ in range(30))
    return f"{chance.randint(0, 59)} 0 {days} {chance.choice(['2', '*', '2,4'])} {weekdays}"


def _rare(chance: random.Random) -> str:
    """Dates that come seldom or never."""
    day = chance.choice(
        ["29", "30", "31", "29W", "30W", "31W", "L-28", "L-29", "L-30", "L-31", "29-31", "*/29", "*/31"]
    )
    weekday = chance.choice(["*", "?", "MON#5", "SUN#1", "*/7", "1L", "0-6"])
    return f"{chance.randint(0, 59)} {chance.randint(0, 23)} {day} {chance.choice(['2', '2,4', '4,6', '*/12', '*'])} {weekday}"


def _any_text(chance: random.Random) -> str:
    return "".join(chr(chance.choice([chance.randrange(0x80), chance.randrange(0x3000), chance.randrange(0x110000)]))
                   for _ in range(chance.randint(0, 300)))  # fmt: skip


MAKERS: tuple[Callable[[random.Random], str], ...] = (_soup, _atoms, _damaged, _long, _crowded, _rare, _any_text)


def hostile_texts(seed: int, count: int) -> Iterator[str]:
    """The list by hand, and then as many different others as are needed; the same for the same seed."""
    yield from BY_HAND
    chance = random.Random(seed)
    known = set(BY_HAND)
    while len(known) < count:
        text = chance.choice(MAKERS)(chance)
        if text not in known:
            known.add(text)
            yield text
