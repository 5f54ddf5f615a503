// The one way to the server: /api/v1 and its stream of news.
import { toast } from "./ui.js";

export class Failure extends Error {
	constructor(status, error) {
		super(error);
		this.status = status;
	}
}

export async function api(method, path, body) {
	const answer = await fetch(`/api/v1${path}`, {
		method,
		headers: method === "GET" ? {} : { "X-Envpod": "1", "Content-Type": "application/json" },
		body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
	});
	if (answer.status === 401)
		location.reload();
	const text = await answer.text();
	if (!answer.ok) {
		let why = text;
		try {
			const said = JSON.parse(text);
			why = said.error && said.message ? said.message : said.error ?? text;
		} catch { /* text it is */ }
		throw new Failure(answer.status, why || answer.statusText);
	}
	return answer.headers.get("Content-Type")?.startsWith("application/json") ? JSON.parse(text) : text;
}

export const get = (path) => api("GET", path);
export const name = encodeURIComponent;

/** A change, with its outcome told; true when it was done. */
export async function change(method, path, body, told) {
	try {
		const said = await api(method, path, body);
		toast([told ?? said.status, said.output, said.warning].filter(Boolean).join("\n"));
		return true;
	} catch (failure) {
		toast(failure.message, true);
		return false;
	}
}

/* One stream a browser, whatever the number of tabs: whoever holds the lock has it, the others listen. */
const listeners = new Set();
const channel = new BroadcastChannel("envpod-news");

function tell(news) {
	for (const listener of listeners)
		listener(news);
}

export function listen(listener) {
	listeners.add(listener);
	return () => listeners.delete(listener);
}

function say(news) {
	channel.postMessage(news);
	tell(news);
}

channel.onmessage = (message) => tell(message.data);
navigator.locks.request("envpod-stream", () => new Promise(() => {
	const stream = new EventSource("/api/v1/events");
	stream.onopen = () => say({ live: true });
	stream.onerror = () => say({ live: false });
	stream.addEventListener("news", (event) => say(JSON.parse(event.data)));
	stream.addEventListener("reset", () => say({ what: ["fleet"], reset: true }));
}));
