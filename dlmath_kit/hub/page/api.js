// Talks to the server. Every failure arrives as an Error whose message is a sentence.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
export const base = meta("dlmath-base");

export function address(path) {
  return `${base}dlmath/api/units${path}`;
}

export async function ask(method, path, body) {
  const options = { method, headers: { "X-XSRFToken": meta("dlmath-xsrf") }, credentials: "same-origin" };
  if (method === "POST") {
    options.body = JSON.stringify(body ?? {});
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(address(path), options);
  } catch {
    throw new Error("Your server does not answer. It may have been stopped after a time without use: reload this page.");
  }
  return understand(answer);
}

// For how many seconds nobody has used the server; null where it does not say. Asking is no use: its answer is a bare 304.
export async function secondsIdle() {
  try {
    const answer = await fetch(`${base}dlmath/api/idle`, { credentials: "same-origin", cache: "no-store" });
    return answer.status === 304 ? Number(answer.headers.get("X-Dlmath-Idle-Seconds")) : null;
  } catch {
    return null;
  }
}

async function understand(answer) {
  let document_ = null;
  try {
    document_ = await answer.json();
  } catch {
    // The hub answers with a page when the server behind it is gone.
    throw new Error("Your server is not running, or you were logged out. Reload this page.");
  }
  if (!answer.ok) throw new Error(document_.error ?? "The server refused without saying why. Reload this page.");
  return document_;
}
