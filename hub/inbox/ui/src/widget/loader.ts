// Takes the connector's name from the tag that loaded it.
const script = document.currentScript as HTMLScriptElement | null;
const connector = script?.dataset['connector'];
if (!connector) console.error('widget.js needs data-connector on its script tag');
