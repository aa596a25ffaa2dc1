"""Which addresses may be reached: public ones, and those that the installation opens.

The table follows the IANA special-purpose address registries (RFC 6890 and later). It is spelled out because
`ipaddress`'s `is_global` lets NAT64 and other embedded forms of private addresses through. A name is resolved once,
*all* of its addresses are judged, and the caller connects to one of these very addresses, so that a second answer of
the name server cannot lead elsewhere.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses as text. OSError when there is none."""

_BLOCKED_4: Sequence[tuple[str, str]] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "metadata service"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignment"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_BLOCKED_6: Sequence[tuple[str, str]] = (
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "IPv4-compatible"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("64:ff9b:1::/48", "local NAT64"),
    ("100::/64", "discard"),
    ("2001::/32", "Teredo"),
    ("2001::/23", "protocol assignment"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
    # Only 2000::/3 is given out as global unicast.
    ("::/3", "reserved"),
    ("4000::/2", "reserved"),
    ("8000::/1", "reserved"),
)
_TABLE_4 = [(IPv4Network(network), name) for network, name in _BLOCKED_4]
_TABLE_6 = [(IPv6Network(network), name) for network, name in _BLOCKED_6]
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


class AddressBlocked(Exception):
    """The target is, or resolves to, an address that may not be reached. Its text is for the owner of the job."""


class AddressGuard:
    """Judges addresses. `allow_private` opens exactly the networks it names."""

    def __init__(
        self, allow_private: Sequence[str | IPv4Network | IPv6Network] = (), resolve: Resolve | None = None
    ) -> None:
        self._allowed = [ip_network(str(item), strict=False) for item in allow_private]
        self._resolve = resolve or _resolve

    def refusal(self, address: str) -> str | None:
        """What kind of address this is, when it may not be reached; None when it may."""
        given = ip_address(address)
        for face in _faces(given):
            if any(face in network for network in self._allowed):
                continue
            if (name := _blocked(face)) is not None:
                return name
        return None

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, every one judged. AddressBlocked if any is refused; OSError if there is none."""
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except UnicodeError:
            raise AddressBlocked(f"{host[:100]!r} is not a host name") from None
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if (name := self.refusal(address)) is not None:
                shown = host if host == address else f"{host} is {address}, and that"
                raise AddressBlocked(
                    f"{shown} is a {name} address; ROTA_HTTP__ALLOW_PRIVATE names the networks that may be reached"
                    " besides public addresses"
                )
        return found


def _faces(address: Address) -> Iterator[Address]:
    """The addresses that a packet to this one may end at: itself, or the IPv4 address inside."""
    if isinstance(address, IPv4Address):
        yield address
        return
    plain = IPv6Address(int(address))  # without its zone
    if plain.ipv4_mapped is not None:
        yield plain.ipv4_mapped
    elif plain in _NAT64:
        yield _embedded(plain)
    else:
        yield plain
        if (int(plain) >> 32) & 0xFFFFFFFF in _ISATAP:
            yield _embedded(plain)


def _embedded(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


def _blocked(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((name for network, name in _TABLE_4 if address in network), None)
    return next((name for network, name in _TABLE_6 if address in network), None)


async def _resolve(host: str, port: int) -> list[str]:
    answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]
