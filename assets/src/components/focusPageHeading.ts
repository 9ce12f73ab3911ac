/** Where the focus goes when what had it is gone. After the next paint: a closing dialog gives its own focus back first. */
export function focusPageHeading(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>("h1")?.focus());
}
