// Ties allauth's passkey scripts to the page: [data-passkey] names the form to
// prepare, its other data the ids of its parts. And says on the page that a passkey
// did not work or was stopped, which allauth would only tell the console.
(() => {
  "use strict";
  document.querySelectorAll("[data-passkey]").forEach((element) => {
    const { passkey, ...ids } = element.dataset;
    window.allauth.webauthn.forms[passkey]({ ids });
  });

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const trouble = document.getElementById("passkey_trouble");
    // Said anew each time, also to who only hears it.
    trouble.hidden = true;
    requestAnimationFrame(() => { trouble.hidden = false; });
  });
})();
