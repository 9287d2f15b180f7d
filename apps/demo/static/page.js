// The address is the state: links and forms of the page change it, the server renders what it says. `element` and `server` come from Gradio.
const root = document.documentElement;
const slot = element.querySelector("#tn-view");
const status = element.querySelector("#tn-status");
let asked = 0;

const frames = { try: "tn-try", chat: "tn-chat" };

function mark(view) {
  root.dataset.view = view;
  for (const link of element.querySelectorAll("#tn-nav a")) {
    const here = link.dataset.view === view;
    link.toggleAttribute("aria-current", here);
    if (here) link.setAttribute("aria-current", "page");
  }
}

// Links, forms and filters keep their place: whoever was on a filter is still on it when the list has changed.
function focusAfter(kept, moved) {
  const again = kept && document.getElementById(kept);
  if (again) again.focus({ preventScroll: true });
  else if (moved) (document.querySelector(`#${frames[root.dataset.view] || "tn-view"} h1`) || slot).focus({ preventScroll: true });
}

async function render(moved, scroll) {
  const mine = ++asked;
  const kept = document.activeElement?.id?.startsWith("f-") ? document.activeElement.id : null;
  slot.setAttribute("aria-busy", "true");
  const late = setTimeout(() => slot.classList.add("waiting"), 150);
  let shown;
  try {
    shown = await server.show_view(location.search);
    if (typeof shown?.html !== "string") throw new Error("no answer");
  } catch (error) {
    shown = { view: root.dataset.view || "trending", title: "Not reachable", html: element.querySelector("#tn-unreachable").innerHTML };
  }
  clearTimeout(late);
  if (mine !== asked) return;
  slot.innerHTML = shown.html;
  slot.classList.remove("waiting");
  slot.removeAttribute("aria-busy");
  mark(shown.view);
  document.title = shown.title + " · Trending Now";
  status.textContent = shown.title;
  const q = new URLSearchParams(location.search).get("q");
  element.querySelector("#tn-q").value = q || "";
  window.scrollTo(0, scroll);
  focusAfter(kept, moved);
}

function go(address, replace) {
  history.replaceState({ scroll: window.scrollY }, "");
  const same = document.activeElement?.id?.startsWith("f-");
  history[replace ? "replaceState" : "pushState"]({ scroll: 0 }, "", address === "?" ? location.pathname : address);
  render(true, same ? window.scrollY : 0);
}

function read(form) {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (String(value).trim()) values.append(name, String(value).trim());
  if (form.dataset.view && !values.has("q")) values.set("view", form.dataset.view);
  return "?" + values;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="?"], a[href^="#tn"]');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const to = link.getAttribute("href");
  // The page has a <base>, which would turn a plain #anchor into another address.
  if (to.startsWith("#")) document.querySelector(root.dataset.view in frames ? `#${frames[root.dataset.view]} h1` : "#tn-view h1")?.focus();
  else go(to);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-auto], [data-search]")) {
    event.preventDefault();
    go(read(form));
  } else if (form.matches("[data-report]")) {
    event.preventDefault();
    const given = new FormData(form);
    const said = form.querySelector(".said");
    const button = form.querySelector("button");
    button.disabled = true;
    said.textContent = "Sending…";
    try {
      const answer = await server.keep_report({ ...Object.fromEntries(given), genres: given.getAll("genres") });
      said.textContent = answer.message;
      button.disabled = answer.kept;
    } catch (error) {
      said.textContent = "It could not be sent: the server can't be reached. Try again.";
      button.disabled = false;
    }
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-auto]");
  if (form && event.target.matches("select")) form.requestSubmit();
});

window.addEventListener("popstate", (event) => render(false, event.state?.scroll || 0));
history.scrollRestoration = "manual";
render(false, 0);
