// The search page: sections whose text has all words, the best first, each with an excerpt.
(function () {
  const SHOWN = 40;
  const AROUND = 110; // characters of an excerpt on either side of the word

  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** The text around the first of the words, with all of them marked. */
  function excerpt(text, words) {
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${escaped.join('|')})`, 'giu');
    const first = Math.max(text.search(pattern), 0);
    const [from, to] = [Math.max(first - AROUND, 0), first + AROUND];
    const part = `${from ? '\u2026 ' : ''}${text.slice(from, to)}${to < text.length ? ' \u2026' : ''}`;
    return part.split(pattern).map((piece, place) => (place % 2 ? make('mark', {}, piece) : piece));
  }

  function item(section, words) {
    const root = document.documentElement.dataset.content_root;
    const name = section.title === section.page ? section.page : `${section.page} \u203a ${section.title}`;
    return make('li', {}, make('a', {href: root + section.url}, name), make('p', {}, ...excerpt(section.text, words)));
  }

  function search(query) {
    const index = new MiniSearch({fields: ['title', 'page', 'text'], idField: 'url', tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u)});
    index.addAll(relaySections);
    const options = {prefix: true, boost: {title: 4, page: 2}, combineWith: 'AND'};
    let found = index.search(query, options);
    if (!found.length) found = index.search(query, {...options, combineWith: 'OR', fuzzy: 0.2});
    const sections = new Map(relaySections.map((section) => [section.url, section]));
    const out = document.getElementById('search-results');
    const count = `${found.length || 'No'} section${found.length === 1 ? '' : 's'} found for \u201c${query}\u201d.`;
    out.append(make('p', {class: 'search-summary', role: 'status'}, count));
    const list = out.appendChild(make('ul', {class: 'search'}));
    for (const result of found.slice(0, SHOWN)) list.append(item(sections.get(result.id), result.terms));
  }

  document.addEventListener('DOMContentLoaded', () => {
    const query = new URLSearchParams(location.search).get('q');
    document.querySelectorAll('input[name="q"]').forEach((field) => { field.value = query ?? ''; });
    if (query?.trim()) search(query.trim());
  });
})();
