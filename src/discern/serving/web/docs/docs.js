// Shows the OpenAPI document. A key that the page at `/` was given is sent here as well.
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
  // The validator is another host.
  validatorUrl: null,
});
