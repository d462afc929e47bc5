/** Sets the chosen theme before the first paint; a file of its own, because the policy allows no inline script. */
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("atelier.theme");
  } catch {
    // A browser that keeps nothing gets the system's theme.
  }
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
