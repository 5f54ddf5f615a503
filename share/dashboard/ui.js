// What the pages are made of. Text from pods only ever becomes text: nothing here reads HTML.

/** An element: h("a", {href: "#/"}, "text", other). Functions are listeners, true is an empty attribute. */
export function h(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function")
			element.addEventListener(name, value);
		else if (value !== false && value !== undefined && value !== null)
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
	return element;
}

export function show(where, ...what) {
	where.replaceChildren(...what.flat(Infinity));
}

export function toast(text, bad = false) {
	const line = h("p", { class: bad ? "bad" : "" }, text);
	document.getElementById("toasts").append(line);
	setTimeout(() => line.remove(), bad ? 12000 : 5000);
}

/** A question with fields; resolves to their values, or null. */
export function ask(title, fields, button = "OK", danger = false) {
	const dialog = document.getElementById("dialog");
	return new Promise((resolve) => {
		const form = h("form", { method: "dialog", submit: () => resolve(Object.fromEntries(new FormData(form))) },
			h("h2", { id: "dialog-title" }, title), fields,
			h("div", { class: "bar" }, h("span", { class: "grow" }),
				h("button", { type: "button", click: () => dialog.close() }, "Cancel"),
				h("button", { class: danger ? "danger" : "main" }, button)));
		show(dialog, form);
		dialog.onclose = () => resolve(null);
		dialog.showModal();
	});
}

export function label(text, field) {
	return h("label", {}, text, h("br"), field);
}

const units = ["B", "kB", "MB", "GB", "TB"];
export function bytes(n) {
	if (!(n >= 0))
		return "–";
	let at = 0;
	for (; n >= 1000 && at < units.length - 1; at++)
		n /= 1000;
	return `${n < 10 && at ? n.toFixed(1) : Math.round(n)} ${units[at]}`;
}

export function when(text) {
	const date = new Date(text);
	return Number.isNaN(date.getTime()) ? text : date.toLocaleString();
}

/** fn at most once in ms, the last call never lost. */
export function calm(fn, ms) {
	let due = null;
	return (...args) => {
		clearTimeout(due);
		due = setTimeout(fn, ms, ...args);
	};
}
