"""Everything that went wrong in a browser while a test looked elsewhere."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Request, Response, WebError

OUTAGE = r"ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK_CHANGED|ERR_SOCKET|status of 503"
"""What a browser says of a server that is stopped, is starting, or was killed."""

HALF_TYPED = r"status of 422 .*/schedules/preview"
"""What is refused while somebody types: a preview is asked for whenever the fingers rest, wherever in a word they do."""

_GIVEN_UP = "net::ERR_ABORTED"
"""A page that is left, or that asks anew, gives its requests up: nothing is wrong with that."""

_STREAM = "/api/events"
_AWAITED = ("document", "fetch", "xhr")
"""Scripts are not among them: the browser never says that the script of a shared worker has arrived."""
_WORDS_AT_MOST = 1000

_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.effectiveDirective} by ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`));
"""


@dataclass
class Complaints:
    """Watches every page of its contexts, their frames and workers. A test says beforehand what it expects."""

    own: str
    found: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)
    _open: set[Request] = field(default_factory=set)

    def watch(self, context: BrowserContext) -> None:
        """Listen to a context, before its first page."""
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_answer)
        context.on("requestfinished", self._on_end)
        context.on("requestfailed", self._on_failure)

    def expect(self, pattern: str) -> None:
        """What matches this regular expression is no complaint of this test, before and after."""
        self._expected.append(re.compile(pattern, re.IGNORECASE))

    def expect_outage(self) -> None:
        """The server will be away for a while."""
        self.expect(OUTAGE)

    @property
    def unexpected(self) -> list[str]:
        """What nobody expected, in the order in which it happened."""
        return [text for text in self.found if not any(pattern.search(text) for pattern in self._expected)]

    @property
    def waiting(self) -> int:
        """How many questions have no answer yet. The stream of events never ends."""
        return sum(
            1 for one in self._open if one.resource_type in _AWAITED and not urlsplit(one.url).path.endswith(_STREAM)
        )

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location
            self._note(f"console {message.type}: {message.text} ({where.get('url', '')}:{where.get('lineNumber', '')})")

    def _on_error(self, error: WebError) -> None:
        self._note(f"page error: {error.error.stack or error.error}" if isinstance(error.error, Error) else str(error))

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        self._open.add(request)
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and f"{address.scheme}://{address.netloc}" != self.own:
            self._note(f"another host: {request.method} {request.url}")

    def _on_answer(self, answer: Response) -> None:
        self.answers.append(answer)

    def _on_end(self, request: Request) -> None:
        self._open.discard(request)

    def _on_failure(self, request: Request) -> None:
        self._open.discard(request)
        if request.failure != _GIVEN_UP:
            self._note(f"request failed: {request.method} {request.url} {request.failure}")

    def _note(self, text: str) -> None:
        self.found.append(text[:_WORDS_AT_MOST])
