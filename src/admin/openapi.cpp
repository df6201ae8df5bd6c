#include "answers.h"
#include "endpoints.h"

namespace gatehouse::admin {

namespace {

std::string lower(std::string_view method) {
  std::string text(method);
  for (char& c : text) c = static_cast<char>(c | 0x20);  // methods are upper-case letters
  return text;
}

Json parameters_of(std::string_view path) {
  Json list = Json::array();
  for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{', at + 1)) {
    const std::string_view name = path.substr(at + 1, path.find('}', at) - at - 1);
    list.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return list;
}

Json responses_of(const Endpoint& endpoint) {
  Json responses{{"200", {{"description", "Success"}}},
                 {"default",
                  {{"description", "An error, as RFC 9457 describes it"},
                   {"content", {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}}}};
  if (endpoint.who == Who::kKnown || endpoint.who == Who::kScope) {
    responses["401"] = {{"description", "No valid credential"}};
    responses["403"] = {{"description", "Not permitted"}};
  }
  return responses;
}

Json operation_of(const Endpoint& endpoint) {
  Json operation{{"summary", endpoint.summary}, {"responses", responses_of(endpoint)}};
  if (Json parameters = parameters_of(endpoint.path); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (endpoint.body != Body::kNone) {
    const char* type = endpoint.body == Body::kForm ? "application/x-www-form-urlencoded" : "application/json";
    operation["requestBody"] = {{"required", true}, {"content", {{type, {{"schema", {{"type", "object"}}}}}}}};
  }
  if (endpoint.who == Who::kKnown || endpoint.who == Who::kScope) {
    operation["security"] = {{{"bearer", endpoint.scopes.names()}}, {{"apiKey", endpoint.scopes.names()}}};
  }
  return operation;
}

}  // namespace

http::Response openapi(const Call& call) {
  Json paths = Json::object();
  for (const Endpoint& endpoint : endpoints()) paths[std::string(endpoint.path)][lower(endpoint.method)] = operation_of(endpoint);
  return json_answer(
      {{"openapi", "3.1.0"},
       {"info",
        {{"title", "gatehouse"},
         {"version", call.ports->version},
         {"description", "The daemon's own endpoints. /gateway/auth/... is another name for /auth/..."}}},
       {"paths", paths},
       {"components",
        {{"securitySchemes",
          {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
           {"apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}},
         {"schemas",
          {{"Problem",
            {{"type", "object"},
             {"properties",
              {{"type", {{"type", "string"}}},
               {"title", {{"type", "string"}}},
               {"status", {{"type", "integer"}}},
               {"detail", {{"type", "string"}}},
               {"instance", {{"type", "string"}}}}}}}}}}}});
}

}  // namespace gatehouse::admin
