// What the clinician's page can do beyond a plain form: copy, print, search a drug, compare in place.
// Nothing typed goes anywhere but to this service, and nothing is kept in the browser.
"use strict";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Without the right to write to the clipboard: marked, to be copied by hand.
      text.closest("details").open = true;
      text.focus();
      text.select();
      document.execCommand("copy");
    }
    button.textContent = button.dataset.done;
  });
}

// A drug is searched by its name, and its code put into the list.
for (const list of document.querySelectorAll("[data-substances]")) {
  const names = document.getElementById(list.dataset.substances);
  const label = document.createElement("label");
  label.textContent = list.dataset.label;
  const search = document.createElement("input");
  search.type = "text";
  search.setAttribute("list", names.id);
  const add = document.createElement("button");
  add.type = "button";
  add.className = "quiet";
  add.textContent = list.dataset.add;
  label.append(search);
  const place = document.createElement("div");
  place.className = "search";
  place.append(label, add);
  list.closest(".field").append(place);
  const take = () => {
    const typed = search.value.trim().toLowerCase();
    const found = [...names.options].find((option) => option.value.toLowerCase() === typed);
    if (!found) return;
    const codes = list.value.split(";").map((code) => code.trim()).filter(Boolean);
    if (!codes.includes(found.dataset.code)) codes.push(found.dataset.code);
    list.value = codes.join("; ");
    search.value = "";
  };
  add.addEventListener("click", take);
  search.addEventListener("change", take);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      take();
    }
  });
}

// The comparison is asked for in place, as soon as a value was changed.
for (const form of document.querySelectorAll("form.compare")) {
  const place = form.parentElement.querySelector("[data-comparison]");
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      credentials: "same-origin",
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("#comparison, #problems, #result .wrong");
    if (mine === asked && found) {
      found.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
      found.removeAttribute("id");
      found.removeAttribute("aria-labelledby");
      place.replaceChildren(document.importNode(found, true));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("change", ask);
}

// Where something is to be put right, a reader is led to the list of it.
document.getElementById("problems")?.closest("article").focus();
