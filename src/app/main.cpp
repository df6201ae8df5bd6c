#include "cli.h"

int main(int argc, char** argv) { return gatehouse::app::run_cli(argc, argv); }
