(function () {
  // Widget modules lie beside this script, whatever the depth of the page that loads it.
  const here = new URL('.', document.currentScript.src).href.replace(/\/$/, '');
  window.requirejs.config({
    paths: {
      anywidget: here + '/anywidget',
      '@jupyter-widgets': here,
      '@jupyter-widgets/html-manager/dist': here,
    },
  });
  // Widgets typeset their labels through the queue of MathJax 2; the pages have MathJax 3.
  const hub = {Queue: ([, , element]) => window.MathJax.typesetPromise?.([element])};
  const config = (window.MathJax = window.MathJax || {});
  config.Hub = hub;
  config.startup = {
    ready() {
      window.MathJax.startup.defaultReady();
      window.MathJax.Hub = hub;
    },
  };
})();
