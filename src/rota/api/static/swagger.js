// The token is kept for this tab alone and sent to this server alone.
const KEY = "rota.token";
const token = document.getElementById("token");
const said = document.getElementById("said");

function show() {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    requestInterceptor(request) {
      const held = sessionStorage.getItem(KEY);
      if (held && new URL(request.url, location.href).origin === location.origin) {
        request.headers.Authorization = `Bearer ${held}`;
      }
      return request;
    },
  });
}

async function open() {
  const held = sessionStorage.getItem(KEY);
  if (!held) return;
  const answer = await fetch("/openapi.json", { headers: { Authorization: `Bearer ${held}` } });
  if (answer.ok) {
    said.textContent = "";
    show();
  } else {
    sessionStorage.removeItem(KEY);
    said.textContent = answer.status === 401 ? "This token is not valid." : `The server answered ${answer.status}.`;
  }
}

document.getElementById("access").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, token.value.trim());
  token.value = "";
  open();
});

document.getElementById("forget").addEventListener("click", () => {
  sessionStorage.removeItem(KEY);
  location.reload();
});

open();
