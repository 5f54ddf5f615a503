// A unified patch (git's), drawn as it is or side by side.
import { h } from "./ui.js";

const kind = (line) => (line.startsWith("@@") ? "hunk" : line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : "");

function unified(lines) {
	return h("pre", {}, lines.map((line) => h("div", { class: kind(line) }, line || " ")));
}

/* Lines that went stand left, those that came right; equal ones on both sides. */
function sides(lines) {
	const left = [];
	const right = [];
	const level = () => {
		while (left.length < right.length)
			left.push(["", " "]);
		while (right.length < left.length)
			right.push(["", " "]);
	};
	for (const line of lines) {
		const what = kind(line);
		if (what === "del") {
			left.push([what, line]);
		} else if (what === "add") {
			right.push([what, line]);
		} else {
			level();
			left.push([what, line || " "]);
			right.push([what, line || " "]);
		}
	}
	level();
	return h("div", { class: "sides" }, [left, right].map((side) => h("pre", {}, side.map(([what, line]) => h("div", { class: what }, line)))));
}

let beside = false;

export function patch(text) {
	const lines = text.split("\n");
	const body = lines.filter((line) => !/^(diff --git|index |--- |\+\+\+ )/.test(line));
	const place = h("div", { class: "diff", tabindex: "0", role: "region", "aria-label": "what changed" });
	const draw = () => place.replaceChildren(beside ? sides(body) : unified(body));
	draw();
	return h("div", {}, h("button", { type: "button", click: () => { beside = !beside; draw(); } }, "Side by side, or not"), place);
}
