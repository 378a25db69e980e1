// The stepper. One listener for the whole document, so that it works for elements that come later too.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  const input = button?.parentElement.querySelector("input");
  if (!input) return;
  if (button.dataset.step === "1") input.stepUp();
  else input.stepDown();
});

// How long this page has been open: it goes on counting while templates, configs and styles change.
const opened = performance.now();
setInterval(() => {
  const seconds = Math.floor((performance.now() - opened) / 1000);
  for (const element of document.querySelectorAll("[data-seconds]")) {
    element.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}, 1000);
