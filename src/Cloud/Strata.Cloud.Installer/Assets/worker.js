const version = "VERSION-OF-THE-PAGE";
