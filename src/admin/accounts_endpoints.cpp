#include "endpoints.h"
#include "input.h"

namespace gatehouse::admin {

namespace {

Json json_of(const access::UserView& user) {
  return {{"id", user.id},
          {"username", user.username},
          {"email", text_or_null(user.email)},
          {"full_name", text_or_null(user.full_name)},
          {"scopes", user.scopes},
          {"is_active", user.active},
          {"is_superuser", user.superuser},
          {"created_at", rfc3339(user.created)},
          {"updated_at", rfc3339(user.updated)}};
}

Json json_of(const access::KeyView& key) {
  return {{"id", key.id},
          {"user_id", key.user_id},
          {"name", key.name},
          {"description", text_or_null(key.description)},
          {"scopes", key.scopes},
          {"is_active", key.active},
          {"expires_at", rfc3339(key.expires)},
          {"created_at", rfc3339(key.created)},
          {"last_used", key.last_used ? Json(rfc3339(*key.last_used)) : Json(nullptr)}};
}

template <class T>
http::Response list_answer(const Call& call, const Result<std::vector<T>>& rows) {
  if (!rows) return error_answer(rows.error(), call.request_id);
  Json list = Json::array();
  for (const T& row : *rows) list.push_back(json_of(row));
  return json_answer(list);
}

http::Response message_answer(const Call& call, const Status& done, std::string_view message) {
  if (!done) return error_answer(done.error(), call.request_id);
  return json_answer({{"message", message}});
}

http::Response no_such(const Call& call, std::string_view what) {
  return http::problem(404, "not-found", "there is no such " + std::string(what), call.request_id);
}

std::string form_value(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return {};
}

http::Response login_refused(const Call& call, const access::LoginAnswer& answer) {
  const Error& error = answer.token.error();
  http::Response response = error_answer(error, call.request_id);
  if (error.slug == "invalid-credentials") {
    response.problem->detail = "Invalid credentials";
  }
  if (answer.retry_after.count() > 0) response.headers = {{"Retry-After", std::to_string(answer.retry_after.count())}};
  return response;
}

// A key must not make a key that outlives it, so its own end has to be known.
Status find_own_expiry(const Call& call, access::Identity& actor) {
  if (actor.credential != access::CredentialKind::kApiKey) return {};
  auto keys = call.ports->accounts->api_keys(actor);
  if (!keys) return std::move(keys).error();
  for (const access::KeyView& key : *keys) {
    if (key.id != actor.key_id) continue;
    actor.expires = key.expires;
    return {};
  }
  return make_error("forbidden", "the API key in use does not exist any more");
}

}  // namespace

http::Response login(const Call& call) {
  auto form = parse_form(call.body);
  if (!form) return error_answer(form.error(), call.request_id);
  const std::string username = form_value(*form, "username");
  const Secret password(form_value(*form, "password"));
  if (username.empty() || password.empty()) {
    return unprocessable("the form needs the fields username and password", call.request_id);
  }
  const std::string grant = form_value(*form, "grant_type");
  if (!grant.empty() && grant != "password") return unprocessable("grant_type is password or absent", call.request_id);
  const access::LoginAnswer answer = call.ports->accounts->login(username, password, call.client);
  if (!answer.token) return login_refused(call, answer);
  return json_answer({{"access_token", answer.token->token.reveal()},
                      {"token_type", "bearer"},
                      {"expires_in", answer.token->lifetime.count()}});
}

http::Response logout(const Call& call) {
  return message_answer(call, call.ports->accounts->logout(call.identity), "Logged out");
}

http::Response list_users(const Call& call) { return list_answer(call, call.ports->accounts->users(call.identity)); }

http::Response create_user(const Call& call) {
  auto input = Input::parse(call.body, {"username", "password", "email", "full_name", "scopes", "is_active", "is_superuser"});
  if (!input) return error_answer(input.error(), call.request_id);
  access::NewUser request;
  request.username = input->required_text("username");
  request.password = Secret(input->required_text("password"));
  request.email = input->text("email").value_or("");
  request.full_name = input->text("full_name").value_or("");
  request.scopes = input->texts("scopes");
  request.active = input->flag("is_active").value_or(true);
  request.superuser = input->flag("is_superuser").value_or(false);
  if (input->error()) return error_answer(*input->error(), call.request_id);
  const auto user = call.ports->accounts->create_user(call.identity, request);
  return user ? json_answer(json_of(*user)) : error_answer(user.error(), call.request_id);
}

http::Response update_user(const Call& call) {
  const auto id = parse_id(call.params[0]);
  if (!id) return no_such(call, "user");
  auto input = Input::parse(call.body, {"email", "full_name", "scopes", "is_active", "is_superuser"});
  if (!input) return error_answer(input.error(), call.request_id);
  access::UserUpdate update;
  update.email = input->text("email");
  update.full_name = input->text("full_name");
  update.scopes = input->texts("scopes");
  update.active = input->flag("is_active");
  update.superuser = input->flag("is_superuser");
  if (input->error()) return error_answer(*input->error(), call.request_id);
  const auto user = call.ports->accounts->update_user(call.identity, *id, update);
  return user ? json_answer(json_of(*user)) : error_answer(user.error(), call.request_id);
}

http::Response delete_user(const Call& call) {
  const auto id = parse_id(call.params[0]);
  if (!id) return no_such(call, "user");
  return message_answer(call, call.ports->accounts->remove_user(call.identity, *id), "User removed");
}

http::Response set_password(const Call& call) {
  const auto id = parse_id(call.params[0]);
  if (!id) return no_such(call, "user");
  auto input = Input::parse(call.body, {"current_password", "password"});
  if (!input) return error_answer(input.error(), call.request_id);
  const Secret current(input->text("current_password").value_or(""));
  const Secret password(input->required_text("password"));
  if (input->error()) return error_answer(*input->error(), call.request_id);
  return message_answer(call, call.ports->accounts->set_password(call.identity, *id, current, password), "Password set");
}

http::Response list_keys(const Call& call) { return list_answer(call, call.ports->accounts->api_keys(call.identity)); }

http::Response create_key(const Call& call) {
  auto input = Input::parse(call.body, {"name", "description", "scopes", "is_active", "expires_at", "user_id"});
  if (!input) return error_answer(input.error(), call.request_id);
  access::NewKey request;
  request.name = input->required_text("name");
  request.description = input->text("description").value_or("");
  if (!input->has("scopes")) input->fail("scopes is missing");
  request.scopes = input->texts("scopes").value_or(std::vector<std::string>{});
  request.user_id = input->integer("user_id");
  request.expires = input->time("expires_at");
  if (!input->flag("is_active").value_or(true)) input->fail("a key is made active; revoke it to end it");
  if (input->error()) return error_answer(*input->error(), call.request_id);
  access::Identity actor = call.identity;
  if (const Status known = find_own_expiry(call, actor); !known) return error_answer(known.error(), call.request_id);
  const auto created = call.ports->accounts->create_key(actor, request);
  if (!created) return error_answer(created.error(), call.request_id);
  Json answer = json_of(created->view);
  answer["key"] = created->key.reveal();
  return json_answer(answer);
}

http::Response delete_key(const Call& call) {
  const auto id = parse_id(call.params[0]);
  if (!id) return no_such(call, "API key");
  return message_answer(call, call.ports->accounts->revoke_key(call.identity, *id), "API key revoked");
}

}  // namespace gatehouse::admin
