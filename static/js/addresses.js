// The admin makes an address from a name as one types, and drops letters it does
// not know, such as “ũ”. Here they keep their base letter. Without a script the
// server does the same.
(() => {
  "use strict";

  const known = window.URLify;
  if (!known) return;
  const plain = (letter) => (known(letter, 9, false) ? letter : letter.normalize("NFKD").replace(/\p{M}/gu, ""));
  window.URLify = (text, length, unicode) =>
    known(unicode ? text : [...text.normalize("NFC")].map(plain).join(""), length, unicode);
})();
