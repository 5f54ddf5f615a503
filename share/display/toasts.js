// SPDX-License-Identifier: Apache-2.0
// Short messages at the edge, read out by screen readers.  Text is text here, whoever wrote it.
const place = document.getElementById('toasts');
const STAY = 6000, MOST = 4;

export function toast(text, kind = 'info') {
	const item = document.createElement('p');

	item.className = `toast ${kind}`;
	item.textContent = text;
	place.append(item);
	while (place.children.length > MOST)
		place.firstElementChild.remove();
	setTimeout(() => item.remove(), STAY);
}
