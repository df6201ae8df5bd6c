// A database of its own on the shared PostgreSQL server, with an owner role and an application role.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fakes/manual_clock.h"
#include "fakes/postgres_server.h"
#include "gatehouse/state/open.h"
#include "temporary_directory.h"

namespace gatehouse::state {

class PostgresPlace {
 public:
  PostgresPlace() {
    server().make_role("house_owner", "'owner-pw'");
    server().make_role("house_app", "'app-pw'");
    database_ = server().make_database("house_owner");
  }
  PostgresPlace(const PostgresPlace&) = delete;
  PostgresPlace& operator=(const PostgresPlace&) = delete;
  ~PostgresPlace() { server().sql("postgres", "DROP DATABASE " + database_ + " WITH (FORCE)"); }

  static fakes::PostgresServer& server() { return fakes::PostgresServer::shared(); }
  const std::string& database() const { return database_; }
  pqxx::result sql(const std::string& text) const { return server().sql(database_, text); }

  // As the two roles do, on another port when there is a proxy.
  Settings settings(int port = server().port()) const {
    Settings settings;
    settings.database_url = "postgresql://house_app:app-pw@127.0.0.1:" + std::to_string(port) + "/" + database_;
    settings.postgres.owner = "house_owner";
    settings.postgres.owner_password = Secret("owner-pw");
    return settings;
  }
  // One role that does both.
  Settings single(int port = server().port()) const {
    Settings settings;
    settings.database_url = "postgresql://house_owner:owner-pw@127.0.0.1:" + std::to_string(port) + "/" + database_;
    return settings;
  }

 private:
  std::string database_;
};

class PostgresHarness {
 public:
  PostgresHarness() { reopen(); }
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void close() { store_.reset(); }
  Result<std::unique_ptr<Store>> open() { return open(place_.settings()); }
  Result<std::unique_ptr<Store>> open(const Settings& settings) { return open_store(settings, directory_, clock_); }
  const PostgresPlace& place() const { return place_; }

 private:
  PostgresPlace place_;
  fakes::TemporaryDirectory temporary_;
  StateDirectory directory_ = *StateDirectory::open(temporary_.file("state"));
  fakes::ManualClock clock_;
  std::unique_ptr<Store> store_;
};

}  // namespace gatehouse::state
