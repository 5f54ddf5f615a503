// Where the reader is (#/, #/pod/NAME/TAB), the news, and the keyboard.
import { api, listen } from "./api.js";
import { ask, h, show } from "./ui.js";
import { fleet } from "./fleet.js";
import { pod } from "./pod.js";
import * as plot from "./plot.js";

const main = document.getElementById("main");
let leave = null;

function route() {
	const [, where, name, tab] = location.hash.split("/");
	const crumbs = document.getElementById("crumbs");
	leave?.();
	document.title = where === "pod" ? `${decodeURIComponent(name)} – envpod` : "envpod";
	show(crumbs, where === "pod" ? [h("a", { href: "#/" }, "Pods"), " / ", decodeURIComponent(name)] : []);
	leave = where === "pod" ? pod(main, decodeURIComponent(name), tab || "overview") : fleet(main);
	main.focus({ preventScroll: true });
}

listen((news) => {
	const live = document.getElementById("live");
	if (news.usage)
		plot.take(news);
	if (news.live !== undefined) {
		live.textContent = news.live ? "live" : "no connection: trying again";
		live.className = news.live ? "" : "lost";
	}
});

const help = [["j, k", "next, previous"], ["Enter", "open"], ["Space", "select"], ["c", "commit what is selected"], ["r", "roll back what is selected"],
	["/", "filter"], ["g", "all pods"], ["?", "this list"]];

function rows() {
	return [...main.querySelectorAll(".card, tr[data-row]")];
}

function move(by) {
	const all = rows();
	const at = all.findIndex((row) => row.classList.contains("here"));
	const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
	all[at]?.classList.remove("here");
	next?.classList.add("here");
	next?.scrollIntoView({ block: "nearest" });
}

const here = () => main.querySelector(".here");
const keys = {
	j: () => move(1),
	k: () => move(-1),
	" ": () => here()?.querySelector("input[type=checkbox]")?.click(),
	Enter: () => here()?.querySelector("a")?.click(),
	c: () => main.querySelector("[data-key=c]")?.click(),
	r: () => main.querySelector("[data-key=r]")?.click(),
	"/": () => main.querySelector("input[type=search]")?.focus(),
	g: () => { location.hash = "#/"; },
	"?": () => ask("Keyboard", h("dl", { class: "facts" }, help.map(([key, what]) => [h("dt", { class: "mono" }, key), h("dd", {}, what)])), "Close"),
};

document.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || /^(INPUT|TEXTAREA|SELECT|BUTTON|A)$/.test(event.target.tagName))
		return;
	if (keys[event.key]) {
		event.preventDefault();
		keys[event.key]();
	}
});
document.getElementById("keys").addEventListener("click", keys["?"]);
document.getElementById("logout").addEventListener("click", async () => {
	await api("POST", "/logout").catch(() => null);
	show(main, h("p", {}, "You are logged out. ", h("code", {}, "envpod dashboard"), " prints a new link."));
});
addEventListener("hashchange", route);
route();
