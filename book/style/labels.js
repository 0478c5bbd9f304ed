// Names and landmarks for screen readers where the theme gives none.
(function () {
  function name(element, label) {
    if (element && element.getAttribute('aria-label') !== label) {
      element.setAttribute('aria-label', label);
    }
  }

  function nameAll() {
    name(document.querySelector('.search-button-field'), 'Search Ctrl+K');
    document.querySelectorAll('.citation-list[role], .citation[role]').forEach((part) => {
      part.removeAttribute('role'); // a list of biblioentries, whose role is deprecated
    });
    document.querySelectorAll('th').forEach((head) => {
      if (head.textContent.trim() || head.querySelector('img')) return; // an empty one heads nothing
      const cell = document.createElement('td');
      for (const {name: key, value} of head.attributes) cell.setAttribute(key, value);
      head.replaceWith(cell);
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
