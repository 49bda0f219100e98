/* The API's page: open a request, edit it, send it, show what came. Without it the page is read. */
"use strict";

function show(place, status, text) {
  const title = document.createElement("p");
  const head = document.createElement("strong");
  head.textContent = status;
  title.append(head);
  const body = document.createElement("pre");
  body.textContent = text;
  place.replaceChildren(title, body);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(form) {
  const place = form.querySelector(".answer-of");
  const body = form.querySelector("textarea");
  const asked = { method: form.dataset.method };
  if (body) {
    asked.headers = { "Content-Type": "application/json" };
    asked.body = body.value;
    if (document.body.dataset.csrf) {
      asked.headers["X-CSRF-Word"] = document.body.dataset.csrf;
    }
  }
  try {
    const answer = await fetch(form.dataset.path, asked);
    show(place, `${answer.status} ${answer.statusText}`, pretty(await answer.text()));
  } catch (error) {
    show(place, "No answer came", String(error));
  }
}

for (const form of document.querySelectorAll("form.try")) {
  const open = document.querySelector(`[aria-controls="${form.id}"]`);
  open.hidden = false;
  open.addEventListener("click", () => {
    form.hidden = !form.hidden;
    open.setAttribute("aria-expanded", String(!form.hidden));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  const example = form.querySelector("select");
  if (example) {
    example.addEventListener("change", () => {
      form.querySelector("textarea").value = example.selectedOptions[0].dataset.body;
    });
  }
}
