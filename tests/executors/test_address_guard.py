"""Which addresses may be reached, in every spelling, and that the address that was judged is the one that is used."""

import asyncio
from collections.abc import Sequence

import pytest

from rota.executors.http.guard import AddressBlocked, AddressGuard

BLOCKED = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::ffff:10.1.2.3",
    "::ffff:0:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:ffff::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "8000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1",
    "1::1",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::5efe:8.8.8.8",
    "3ffe::1",
]


@pytest.mark.parametrize("address", BLOCKED)
def test_addresses_that_are_not_public_are_blocked(address: str) -> None:
    assert AddressGuard().refusal(address)


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are_open(address: str) -> None:
    assert AddressGuard().refusal(address) is None


def test_the_installation_opens_exactly_what_it_names() -> None:
    guard = AddressGuard(["10.1.0.0/16", "127.0.0.1", "fd00:1::/32"])
    for address in ("10.1.0.0", "10.1.255.255", "127.0.0.1", "fd00:1::5", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"):
        assert guard.refusal(address) is None
    for address in ("10.0.255.255", "10.2.0.0", "127.0.0.2", "::1", "fd00:2::1", "64:ff9b:1::10.1.2.3", "2002:a01:1::"):
        assert guard.refusal(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "10.1",
        "0xa9fea9fe",
        "2852039166",
        "169.254.43518",
        "::1",
        "::ffff:127.0.0.1",
        "0:0:0:0:0:0:0:1",
        "64:ff9b::7f00:1",
        "localhost",
    ],
)
def test_every_spelling_of_a_host_is_judged_by_its_address(host: str) -> None:
    """By the resolver of the system, which reads numeric hosts without asking anybody."""
    with pytest.raises(AddressBlocked):
        asyncio.run(AddressGuard().addresses(host, 80))


def resolving(*answers: Sequence[str]) -> AddressGuard:
    queue = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return queue.pop(0)

    return AddressGuard(["192.168.7.0/24"], resolve)


def test_one_private_address_among_public_ones_blocks_the_name() -> None:
    for answer in (["8.8.8.8", "10.0.0.1"], ["2606:4700:4700::1111", "::1"], ["8.8.8.8", "::ffff:127.0.0.1"]):
        with pytest.raises(AddressBlocked, match="ROTA_HTTP__ALLOW_PRIVATE"):
            asyncio.run(resolving(answer).addresses("mixed.test", 443))


def test_addresses_come_back_once_each_and_in_order() -> None:
    guard = resolving(["8.8.8.8", "192.168.7.9", "8.8.8.8"])
    assert asyncio.run(guard.addresses("ok.test", 443)) == ["8.8.8.8", "192.168.7.9"]


def test_a_name_without_addresses_is_an_oserror() -> None:
    with pytest.raises(OSError, match="no address"):
        asyncio.run(resolving([]).addresses("none.test", 443))


def test_a_name_that_is_none_is_blocked() -> None:
    with pytest.raises(AddressBlocked, match="host name"):
        asyncio.run(AddressGuard().addresses("a" * 64 + ".test", 80))
