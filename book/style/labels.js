// Names and landmarks for screen readers where the theme gives none.
(function () {
  function name(element, label) {
    if (element && element.getAttribute('aria-label') !== label) {
      element.setAttribute('aria-label', label);
    }
  }

  function nameAll() {
    name(document.querySelector('.search-button-field'), 'Search Ctrl+K');
    document.querySelectorAll('.citation-list[role]').forEach((list) => {
      list.removeAttribute('role'); // its entries are biblioentries, not listitems
    });
    document.querySelectorAll('summary[aria-label]').forEach((summary) => {
      summary.removeAttribute('aria-label'); // its text says what it does
    });
    for (const [part, label] of [['.bd-sidebar-primary', 'Site'], ['.bd-header-article', 'This page']]) {
      const found = document.querySelector(part);
      found?.setAttribute('role', 'region');
      name(found, label);
    }
    document.querySelectorAll('.theme-switch-button').forEach((button) => {
      name(button, 'Color mode: Light, Dark, System Settings');
    });
  }

  document.addEventListener('DOMContentLoaded', () => {
    nameAll();
    let waiting = 0;
    new MutationObserver(() => {
      waiting = waiting || requestAnimationFrame(() => { waiting = 0; nameAll(); });
    }).observe(document.body, {childList: true, subtree: true});
  });
})();
