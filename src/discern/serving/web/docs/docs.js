// Shows the OpenAPI document. An API key entered on the page at `/` is sent from here as well.
"use strict";

function addKey(request) {
  const key = window.sessionStorage.getItem("discern.key");
  if (key && !request.headers.Authorization) request.headers.Authorization = `Bearer ${key}`;
  return request;
}

window.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  requestInterceptor: addKey,
  // The validator is an external host.
  validatorUrl: null,
});
