"use strict";
(() => {
	const kept = 30;
	const state = document.getElementById("state"), pause = document.getElementById("pause");
	const lead = document.querySelector(".lead");
	let source = null;
	const say = text => { if (state.textContent !== text) state.textContent = text; };
	// A section that the page lacks, because a site has just sent its first event.
	const lacks = parts => Object.keys(parts).some(id => id !== "lead" && !document.getElementById(id)) && (location.reload(), true);
	// The server has escaped all untrusted text.
	const figures = parts => {
		if (lacks(parts)) return;
		for (const id in parts) {
			if (id === "lead") lead.textContent = parts.lead;
			else document.querySelector(`#${id} figure`).outerHTML = parts[id];
		}
	};
	const tables = parts => {
		if (lacks(parts)) return;
		for (const id in parts) document.querySelector(`#${id} tbody`).innerHTML = parts[id];
	};
	const add = parts => {
		if (lacks(parts)) return;
		for (const id in parts) {
			const rows = document.querySelector(`#${id} tbody`);
			rows.insertAdjacentHTML("afterbegin", parts[id]);
			while (rows.rows.length > kept) rows.deleteRow(-1);
		}
	};
	const all = parts => {
		for (const id of ["opened", "visited"]) document.querySelector(`#${id} tbody`)?.replaceChildren();
		add(parts);
	};
	const stop = text => {
		if (source) source.close();
		source = null;
		pause.textContent = "Resume";
		say(text);
	};
	const start = () => {
		source = new EventSource("/live/events");
		pause.textContent = "Pause";
		source.onopen = () => say("Live.");
		source.onerror = () => {
			if (!source || source.readyState !== EventSource.CLOSED) say("Reconnecting.");
			else stop("The stream has ended. Load the page again.");
		};
		source.addEventListener("figures", e => figures(JSON.parse(e.data)));
		source.addEventListener("tables", e => tables(JSON.parse(e.data)));
		source.addEventListener("rows", e => add(JSON.parse(e.data)));
		source.addEventListener("all", e => all(JSON.parse(e.data)));
		source.addEventListener("end", () => stop("The session has ended. Sign in again: glint web"));
	};
	pause.hidden = false;
	pause.addEventListener("click", () => source ? stop("Paused.") : start());
	addEventListener("pagehide", () => { if (source) source.close(); });
	start();
})();
