// The page at /api/v1/docs: Swagger UI with the OpenAPI document, from files of the build only.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  dom_id: "#api",
  url: "/api/v1/openapi.json",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  // Swagger's own validator would send the document to a server on the internet.
  validatorUrl: null,
});
