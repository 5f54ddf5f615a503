// SPDX-License-Identifier: Apache-2.0
// What pod-web says of the pod.  A browser opens six connections to an origin and no more, so all its tabs
// share one event stream: whoever has the lock reads it, the others hear of it over a channel.
const AGAIN = 2000;

export class Ended extends Error {}

export async function ask() {
	const answer = await fetch('state', { cache: 'no-store' });

	if (answer.status === 401 || answer.status === 421)
		throw new Ended();
	if (!answer.ok)
		throw new Error(`state: ${answer.status}`);
	return answer.json();
}

// A request that changes something.
export async function control(what) {
	const answer = await fetch('control', {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', 'X-Envpod': '1' },
		body: JSON.stringify(what),
	});
	const said = await answer.json().catch(() => ({}));

	if (!answer.ok || !said.ok)
		throw new Error(said.message || `refused (${answer.status})`);
	return said;
}

// tell.state(object), tell.lost() while nobody answers, tell.ended() when this login is over.
export function follow(tell) {
	const channel = new BroadcastChannel('state');
	let over = false;

	async function look() {
		try {
			tell.state(await ask());
		} catch (error) {
			if (!(error instanceof Ended))
				return tell.lost();
			over = true;
			tell.ended();
		}
	}

	function listen() {
		const events = new EventSource('events');

		events.addEventListener('state', (event) => {
			channel.postMessage(event.data);
			tell.state(JSON.parse(event.data));
		});
		events.onerror = async () => {
			await look();
			if (events.readyState !== EventSource.CLOSED || over)
				return;
			setTimeout(listen, AGAIN);
		};
	}

	channel.onmessage = (event) => tell.state(JSON.parse(event.data));
	look();
	// Held for as long as this page lives.
	navigator.locks.request('events', () => new Promise(listen));
}
