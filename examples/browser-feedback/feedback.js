import { createClient } from "uptake/client";

const form = document.querySelector("form");
const { url, suggestionId, token } = form.dataset;
const uptake = createClient({ url, key: token });

// Seen: only what was seen can be judged. Nobody waits for it, and it arrives even if the page is closed at once.
uptake.shown(suggestionId);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  // Whether it was approved, revised or rejected follows from how much of the suggestion is left.
  const sent = uptake.sent({ suggestionId, finalText: form.elements.reply.value });
  tell(sent.then((receipt) => (receipt.recorded ? receipt.type : "no suggestion")));
});

form.elements.reject.addEventListener("click", () => {
  tell(uptake.feedback({ suggestionId, type: "rejection", reason: "irrelevant" }).then(({ type }) => type));
});

function tell(what) {
  const say = (text) => (form.querySelector("output").textContent = text);
  what.then(say, (error) => say(error.message));
}
