// The theme's icon script would replace the <i> inside widgets, and break the play button.
window.FontAwesomeConfig = {observeMutations: false};
