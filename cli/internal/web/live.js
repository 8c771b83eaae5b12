"use strict";
(() => {
	const kept = 50;
	const state = document.getElementById("state"), pause = document.getElementById("pause");
	const recent = document.querySelector("#recent tbody"), lead = document.querySelector(".lead");
	let source = null;
	const say = text => { if (state.textContent !== text) state.textContent = text; };
	// The server has escaped all that strangers wrote.
	const figures = parts => {
		lead.textContent = parts.lead;
		for (const id of ["minutes", "hours"]) document.querySelector(`#${id} figure`).outerHTML = parts[id];
	};
	const tables = parts => {
		for (const id in parts) document.querySelector(`#${id} tbody`).innerHTML = parts[id];
	};
	const add = rows => {
		recent.insertAdjacentHTML("afterbegin", rows);
		while (recent.rows.length > kept) recent.deleteRow(-1);
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
			if (!source || source.readyState !== EventSource.CLOSED) say("Connecting again.");
			else stop("The stream has ended. Load the page again.");
		};
		source.addEventListener("figures", e => figures(JSON.parse(e.data)));
		source.addEventListener("tables", e => tables(JSON.parse(e.data)));
		source.addEventListener("rows", e => add(JSON.parse(e.data)));
		source.addEventListener("all", e => { recent.textContent = ""; add(JSON.parse(e.data)); });
		source.addEventListener("end", () => stop("The session has ended. Sign in again: glint web"));
	};
	pause.hidden = false;
	pause.addEventListener("click", () => source ? stop("Paused.") : start());
	addEventListener("pagehide", () => { if (source) source.close(); });
	start();
})();
