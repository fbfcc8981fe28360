/**
 * The bar above the playground that asks for an API key. The key stays in this browser (localStorage) and goes
 * into requests to this gateway that carry no Authorization header of their own (the headers tab comes first).
 */
export const KEY_BAR = `
<style>
  #root { height: calc(100vh - 44px) !important; }
  #key-bar { box-sizing: border-box; height: 44px; display: flex; gap: 8px; align-items: center; padding: 6px 12px; font: 14px system-ui, sans-serif; background: #1f2937; color: #f9fafb; }
  #key-bar form { display: flex; gap: 8px; align-items: center; margin: 0; }
  #key-bar input { width: 24em; padding: 4px 8px; border: 1px solid #6b7280; border-radius: 4px; background: #fff; color: #111; }
  #key-bar button { padding: 4px 10px; border: 0; border-radius: 4px; background: #2563eb; color: #fff; cursor: pointer; }
  #key-bar button.quiet { background: #4b5563; }
  #key-bar [hidden] { display: none; }
</style>
<header id="key-bar">
  <strong>moql</strong>
  <form id="key-form">
    <label for="key-input">API key</label>
    <input id="key-input" type="password" autocomplete="off" spellcheck="false" placeholder="printed at the first start, or MOQL_ADMIN_KEY" />
    <button type="submit">Use this key</button>
  </form>
  <button id="key-forget" class="quiet" type="button" hidden>Forget the key</button>
  <span id="key-state" role="status">Queries need a key. It is kept in this browser only.</span>
</header>`;

/** Runs before GraphiQL. No template characters, so that it stands in the page as it is written here. */
export const KEY_SCRIPT = `
var moqlKey;
(function () {
  var NAME = 'moql:key';
  var form = document.getElementById('key-form');
  var input = document.getElementById('key-input');
  var forget = document.getElementById('key-forget');
  var state = document.getElementById('key-state');
  var read = function () { try { return localStorage.getItem(NAME) || ''; } catch (e) { return ''; } };
  var key = read();
  moqlKey = function () { return key; };
  var show = function () {
    form.hidden = !!key;
    forget.hidden = !key;
    state.textContent = key
      ? 'Queries are sent with the key that is kept in this browser.'
      : 'Queries need a key. It is kept in this browser only.';
  };
  var refetch = function () {
    var button = document.querySelector('button[aria-label="Re-fetch GraphQL schema"]');
    if (button) button.click(); else location.reload();
  };
  show();
  form.addEventListener('submit', function (event) {
    event.preventDefault();
    var value = input.value.trim().replace(/^Bearer +/i, '');
    if (!value) { input.focus(); return; }
    key = value;
    input.value = '';
    show();
    try { localStorage.setItem(NAME, key); } catch (e) { state.textContent = 'Queries are sent with this key until the page is closed.'; }
    refetch();
  });
  forget.addEventListener('click', function () {
    try { localStorage.removeItem(NAME); } catch (e) { /* it was never kept */ }
    key = '';
    show();
    input.focus();
  });
  var send = window.fetch.bind(window);
  window.fetch = function (resource, options) {
    var url = new URL(resource instanceof Request ? resource.url : String(resource), location.href);
    var headers = new Headers((options && options.headers) || (resource instanceof Request ? resource.headers : undefined));
    if (url.origin === location.origin && key && !headers.has('authorization')) headers.set('authorization', 'Bearer ' + key);
    return send(resource, Object.assign({}, options, { headers: headers })).then(function (response) {
      if (response.status === 401) {
        state.textContent = key ? 'The gateway does not know this key (any more).' : 'Queries need a key. It is kept in this browser only.';
        form.hidden = false;
        forget.hidden = true;
      }
      return response;
    });
  };
})();
`;
