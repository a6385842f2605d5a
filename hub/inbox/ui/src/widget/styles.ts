// The text of a constructed style sheet: a strict style-src refuses <style> elements and style
// attributes, but not sheets made by script (https://www.w3.org/TR/CSP3/#directive-style-src).
export const styles = `
:host{all:initial;position:fixed;z-index:2147483000;inset:auto 20px 20px auto;color-scheme:light dark}
:host([side=left]){inset:auto auto 20px 20px}
button{all:unset;position:relative;box-sizing:border-box;inline-size:56px;block-size:56px;display:grid;place-items:center;border-radius:50%;cursor:pointer;background:var(--brand,#2f5bea);color:var(--ink,#fff);box-shadow:0 6px 24px #14162840,0 1px 4px #14162833;transition:transform .18s,background .3s}
button:hover{transform:scale(1.06)}
button:active{transform:scale(.96)}
button:focus-visible{outline:3px solid var(--brand,#2f5bea);outline-offset:3px}
svg{grid-area:1/1;inline-size:26px;block-size:26px;fill:none;stroke:currentcolor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;transition:opacity .18s,transform .18s}
[aria-expanded=false] svg+svg,[aria-expanded=true] svg:first-child{opacity:0;transform:rotate(-60deg) scale(.5)}
b{position:absolute;inset:-3px -3px auto auto;min-inline-size:20px;box-sizing:border-box;padding:0 5px;border-radius:10px;background:#c8281f;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center;box-shadow:0 0 0 2px #fff}
b:empty{display:none}
iframe{position:fixed;inset:auto 20px 88px auto;inline-size:400px;block-size:min(700px,100dvh - 108px);max-inline-size:calc(100vw - 40px);border:0;border-radius:16px;background:light-dark(#fff,#17181c);box-shadow:0 16px 56px #14162847,0 2px 10px #1416281f;transition:inline-size .2s,block-size .2s;animation:in .2s cubic-bezier(.2,.7,.3,1)}
:host([side=left]) iframe{inset:auto auto 88px 20px}
iframe.large{inline-size:680px;block-size:calc(100dvh - 108px)}
iframe[hidden]{display:none}
@keyframes in{from{opacity:0;transform:translateY(12px)}}
@media(max-width:480px),(max-height:420px){iframe,:host([side=left]) iframe,iframe.large{inset:0;inline-size:100vw;max-inline-size:none;block-size:100dvh;border-radius:0}[aria-expanded=true]{visibility:hidden}}
@media(prefers-reduced-motion){*{transition:none!important;animation:none!important}}
@media print{:host{display:none}}
`;
