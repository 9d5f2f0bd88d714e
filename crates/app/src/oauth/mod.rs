//! The authorization server (OAU): one file for each grant and each endpoint, the requirement that the code obeys
//! quoted above it. Rows are read and written here and nowhere above.
