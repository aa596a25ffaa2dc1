// Nobody is signed in: by token, or by the link that `rota up` prints.
import { signIn } from "../lib/api.js";
import { html, useEffect, useState } from "../lib/html.js";
import { Code } from "../parts/copy.js";
import { Refusal } from "../parts/layout.js";

export const SignIn = () => {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => { document.title = "Sign in · Rota"; }, []);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try { await signIn({ token: token.trim() }); } catch (refusal) { setProblem(refusal); } finally { setBusy(false); }
  };
  return html`<main class="sign-in"><form class="card" onSubmit=${submit}>
    <h1><img src="console/icon.svg" alt="" width="32" height="32" /> Rota</h1>
    <p class="faint">The job scheduler that accounts for every run.</p>
    <label class="field">Token<input type="password" autofocus required autocomplete="current-password" spellcheck=${false} placeholder="rota_…" value=${token} onInput=${(event) => setToken(event.target.value)} /></label>
    ${problem && html`<${Refusal} problem=${problem} />`}
    <button class="button primary" disabled=${busy || !token.trim()}>${busy ? "Signing in…" : "Sign in"}</button>
    <details><summary>Where is my token?</summary>
      <p>It was printed at the first start of <code>rota up</code>, which also prints a link that signs in once. Another one, by somebody who is in:</p>
      <${Code} text="rota keys create --name NAME --role operator" label="Command" />
    </details>
  </form></main>`;
};
