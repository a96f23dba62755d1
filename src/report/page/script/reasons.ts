/** A span's reason beside it, on hover and on focus: a title alone never shows for the keyboard. */

export function showReasons(): void {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const hide = (): void => {
    tip.hidden = true;
  };
  const show = (event: Event): void => {
    const span = event.target;
    hide();
    if (!(span instanceof HTMLAnchorElement) || !span.parentElement?.classList.contains("moves")) return;
    // The browser's own would cover it; it is the link's name for a screen reader, too.
    if (span.title !== "") span.ariaLabel = span.title;
    span.removeAttribute("title");
    tip.textContent = span.ariaLabel;
    tip.hidden = false;
    const at = span.getBoundingClientRect();
    tip.style.top = `${at.bottom + 6}px`;
    tip.style.left = `${Math.max(4, Math.min(at.left, innerWidth - tip.offsetWidth - 4))}px`;
  };
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, show);
  for (const kind of ["pointerout", "focusout", "scroll"])
    document.addEventListener(kind, hide, { passive: true });
}
