// Small plots. A pod's recent use is kept here, whichever page is open.
const KEEP = 180;
const history = new Map();
let last = null;

/** From {"usage":{POD:[cpu,memory,pids,up,down]},"at":ms}: rates are made of what grows. */
export function take(news) {
	for (const [pod, now] of Object.entries(news.usage)) {
		const points = history.get(pod) ?? [];
		const before = last?.usage[pod];
		const ms = last ? news.at - last.at : 0;
		const rate = (i) => (before && ms > 0 && now[i] >= before[i] ? (now[i] - before[i]) / ms : 0);
		points.push({ at: Date.now() / 1000, cpu: rate(0) / 10, memory: now[1], pids: now[2], up: rate(3) * 1000, down: rate(4) * 1000 });
		if (points.length > KEEP)
			points.shift();
		history.set(pod, points);
	}
	for (const pod of history.keys())
		if (!(pod in news.usage))
			history.delete(pod);
	last = news;
}

export const of = (pod) => history.get(pod) ?? [];

/** A line of one value over time, filled; max: what is full height at least. */
export function spark(canvas, points, value, max) {
	const ratio = devicePixelRatio || 1;
	const width = canvas.clientWidth * ratio;
	const height = canvas.clientHeight * ratio;
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const context = canvas.getContext("2d");
	const top = Math.max(max, ...points.map(value)) || 1;
	const style = getComputedStyle(canvas);
	context.clearRect(0, 0, width, height);
	if (points.length < 2)
		return;
	context.beginPath();
	points.forEach((point, i) => {
		const x = width - (points.length - 1 - i) * (width / (KEEP / 3));
		const y = height - 1 - (value(point) / top) * (height - 3);
		if (i)
			context.lineTo(x, y);
		else
			context.moveTo(x, y);
	});
	context.lineWidth = 1.5 * ratio;
	context.strokeStyle = style.color;
	context.stroke();
}
