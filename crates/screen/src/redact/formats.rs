//! The token formats of providers, one line each: what the public prefix is, which alphabet follows and how long it is.
//! A prefix that is a common beginning of words asks for an exact length; a distinctive one takes what follows.

use super::class::{
    ALNUM, B64TOKEN, BASE64, Class, DASH, DIGIT, DOT, DOTTED, EQUALS, HEX, HEX_LOWER, LOWER, PLUS, TILDE,
    UPPER, URL64,
};

/// How the end of a token is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The token may be longer than `min`: everything of the alphabet belongs to it.
    Open,
    /// The token is a whole word: after `min..=max` bytes of the alphabet the word must end.
    Exact,
}

/// One format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// The name in `[redacted:NAME]`.
    pub(crate) kind: &'static str,
    /// The public prefix, in its exact case.
    pub(crate) prefix: &'static str,
    /// The alphabet of the body.
    pub(crate) body: Class,
    /// The least length of the body.
    pub(crate) min: usize,
    /// The greatest length of the body.
    pub(crate) max: usize,
    /// How the end is found.
    pub(crate) end: End,
}

const fn open(kind: &'static str, prefix: &'static str, body: Class, min: usize) -> Format {
    Format { kind, prefix, body, min, max: 4096, end: End::Open }
}

const fn exact(kind: &'static str, prefix: &'static str, body: Class, min: usize, max: usize) -> Format {
    Format { kind, prefix, body, min, max, end: End::Exact }
}

const SNAKE: Class = ALNUM | DASH;
const LOWER_HEX: Class = DIGIT | HEX_LOWER;

/// Every known format. Sources are the vendors' own descriptions; lengths are lower bounds where a vendor has several.
pub(crate) const FORMATS: &[Format] = &[
    // Source hosting and packages.
    open("github-token", "ghp_", ALNUM, 30),
    open("github-token", "gho_", ALNUM, 30),
    open("github-token", "ghu_", ALNUM, 30),
    open("github-token", "ghs_", ALNUM, 30),
    open("github-token", "ghr_", ALNUM, 30),
    open("github-token", "github_pat_", SNAKE, 36),
    open("gitlab-token", "glpat-", DOTTED, 18),
    open("gitlab-token", "gldt-", SNAKE, 18),
    open("gitlab-token", "glrt-", SNAKE, 18),
    open("gitlab-token", "glptt-", SNAKE, 18),
    open("gitlab-token", "glcbt-", SNAKE, 18),
    open("gitlab-token", "glsoat-", SNAKE, 18),
    open("gitlab-token", "glffct-", SNAKE, 18),
    open("gitlab-token", "glimt-", SNAKE, 18),
    open("gitlab-token", "glagent-", SNAKE, 18),
    open("gitlab-token", "glft-", SNAKE, 18),
    open("gitlab-token", "gloas-", SNAKE, 40),
    open("gitlab-token", "glrtr-", SNAKE, 18),
    open("gitlab-token", "GR1348941", SNAKE, 18),
    open("bitbucket-token", "ATBB", ALNUM, 24),
    open("atlassian-token", "ATATT3", URL64 | EQUALS, 60),
    open("atlassian-token", "ATCTT3", URL64 | EQUALS, 60),
    open("npm-token", "npm_", ALNUM, 32),
    open("pypi-token", "pypi-", SNAKE, 50),
    open("rubygems-token", "rubygems_", HEX, 40),
    exact("cargo-token", "cio", ALNUM, 32, 32),
    open("clojars-token", "CLOJARS_", ALNUM, 48),
    open("docker-token", "dckr_pat_", SNAKE, 20),
    open("docker-token", "dckr_oat_", SNAKE, 20),
    exact("artifactory-token", "AKCp", ALNUM, 60, 80),
    exact("artifactory-token", "cmVmd", ALNUM, 59, 59),
    open("sourcegraph-token", "sgp_", HEX, 40),
    exact("octopus-key", "API-", UPPER | DIGIT, 25, 28),
    open("nx-cloud-token", "nx_cloud_", SNAKE, 24),
    exact("nuget-key", "oy2", DIGIT | LOWER, 43, 43),
    // Clouds.
    exact("aws-access-key", "AKIA", UPPER | DIGIT, 16, 16),
    exact("aws-access-key", "ASIA", UPPER | DIGIT, 16, 16),
    exact("aws-access-key", "ABIA", UPPER | DIGIT, 16, 16),
    exact("aws-access-key", "ACCA", UPPER | DIGIT, 16, 16),
    open("aws-session-token", "IQoJb3JpZ2lu", BASE64, 60),
    open("aws-session-token", "FwoGZXIvYXdz", BASE64, 60),
    open("aws-bedrock-key", "ABSKQmVkcm9ja0FQSUtleS", BASE64, 60),
    open("aws-bedrock-key", "bedrock-api-key-", BASE64 | DASH, 28),
    open("google-api-key", "AIza", URL64, 35),
    open("google-oauth-token", "ya29.", DOTTED, 20),
    open("google-refresh-token", "1//0", URL64, 30),
    open("google-oauth-code", "4/0A", URL64, 40),
    open("google-client-secret", "GOCSPX-", URL64, 24),
    exact("alibaba-key", "LTAI", ALNUM, 12, 26),
    open("digitalocean-token", "dop_v1_", HEX, 60),
    open("digitalocean-token", "doo_v1_", HEX, 60),
    open("digitalocean-token", "dor_v1_", HEX, 60),
    exact("tencent-key", "AKID", ALNUM, 32, 32),
    open("yandex-token", "t1.9eu", DOTTED | EQUALS, 80),
    open("yandex-key", "AQVN", URL64, 35),
    exact("yandex-key", "YCA", URL64, 37, 37),
    exact("clickhouse-key", "4b1d", ALNUM, 38, 38),
    open("settlemint-token", "sm_aat_", ALNUM, 16),
    open("settlemint-token", "sm_pat_", ALNUM, 16),
    open("settlemint-token", "sm_sat_", ALNUM, 16),
    open("defined-networking-token", "dnkey-", SNAKE | EQUALS, 60),
    open("harness-token", "sat.", DOTTED, 60),
    open("harness-token", "pat.", DOTTED, 60),
    open("intra42-secret", "s-s4t2ud-", HEX, 60),
    open("intra42-secret", "s-s4t2af-", HEX, 60),
    open("adobe-secret", "p8e-", ALNUM | DASH, 30),
    open("authress-key", "authress_", DOTTED | PLUS | EQUALS, 50),
    open("authress-key", "scauth_", DOTTED | PLUS | EQUALS, 50),
    open("heroku-token", "HRKU-", SNAKE, 30),
    open("flyio-token", "fo1_", SNAKE, 40),
    open("flyio-token", "FlyV1 fm2_", BASE64 | DASH, 60),
    open("flyio-token", "fm1a_", BASE64 | DASH, 60),
    open("flyio-token", "fm1r_", BASE64 | DASH, 60),
    open("flyio-token", "fm2_", BASE64 | DASH, 60),
    open("cloudflare-origin-key", "v1.0-", HEX | DASH, 120),
    open("onepassword-secret-key", "A3-", UPPER | DIGIT | DASH, 34),
    open("netlify-token", "nfp_", ALNUM, 32),
    open("vercel-token", "vcp_", ALNUM, 24),
    open("render-token", "rnd_", ALNUM, 28),
    open("supabase-token", "sbp_", ALNUM, 36),
    open("supabase-key", "sb_secret_", SNAKE, 24),
    open("planetscale-token", "pscale_tkn_", DOTTED, 30),
    open("planetscale-token", "pscale_oauth_", DOTTED, 30),
    open("planetscale-password", "pscale_pw_", DOTTED, 30),
    open("databricks-token", "dapi", LOWER_HEX | DASH, 32),
    open("doppler-token", "dp.pt.", ALNUM, 36),
    open("doppler-token", "dp.st.", DOTTED, 36),
    open("doppler-token", "dp.ct.", ALNUM, 36),
    open("doppler-token", "dp.sa.", ALNUM, 36),
    open("pulumi-token", "pul-", HEX, 36),
    open("scalingo-token", "tk-us-", SNAKE, 44),
    open("vault-token", "hvs.", URL64, 24),
    open("vault-token", "hvb.", URL64, 24),
    open("vault-token", "hvr.", URL64, 24),
    open("vault-token", "s.hvs", URL64, 24),
    open("tailscale-key", "tskey-", SNAKE, 24),
    open("onepassword-token", "ops_eyJ", BASE64 | DASH, 60),
    open("age-secret-key", "AGE-SECRET-KEY-1", UPPER | DIGIT, 50),
    open("infracost-token", "ico-", ALNUM, 32),
    open("prefect-key", "pnu_", ALNUM, 32),
    open("openshift-token", "sha256~", URL64, 40),
    // Models and their hosts.
    open("anthropic-key", "sk-ant-", SNAKE, 24),
    open("openrouter-key", "sk-or-v1-", SNAKE, 40),
    open("openai-key", "sk-proj-", SNAKE, 24),
    open("openai-key", "sk-svcacct-", SNAKE, 24),
    open("openai-key", "sk-admin-", SNAKE, 24),
    open("openai-key", "sk-None-", SNAKE, 24),
    open("api-key", "sk-", SNAKE, 32),
    open("huggingface-token", "hf_", ALNUM, 30),
    open("huggingface-token", "api_org_", ALNUM, 30),
    open("replicate-token", "r8_", ALNUM, 34),
    open("groq-key", "gsk_", ALNUM, 40),
    open("xai-key", "xai-", ALNUM, 60),
    open("perplexity-key", "pplx-", ALNUM, 40),
    open("langsmith-key", "lsv2_", SNAKE, 32),
    open("pinecone-key", "pcsk_", SNAKE, 40),
    open("nvidia-key", "nvapi-", SNAKE, 50),
    open("fireworks-key", "fw_", ALNUM, 22),
    open("tavily-key", "tvly-", SNAKE, 24),
    open("together-key", "tgp_v1_", SNAKE, 36),
    open("wandb-key", "wandb_v1_", SNAKE, 40),
    open("elevenlabs-key", "sk_el", LOWER_HEX, 40),
    // Messages, mail, work.
    open("slack-token", "xoxb-", SNAKE, 18),
    open("slack-token", "xoxp-", SNAKE, 18),
    open("slack-token", "xoxa-", SNAKE, 18),
    open("slack-token", "xoxr-", SNAKE, 18),
    open("slack-token", "xoxs-", SNAKE, 18),
    open("slack-token", "xoxo-", SNAKE, 18),
    open("slack-token", "xoxe-", SNAKE, 18),
    open("slack-token", "xoxe.xox", DOTTED, 18),
    open("slack-token", "xoxc-", SNAKE, 18),
    open("slack-token", "xoxd-", SNAKE | PLUS | EQUALS, 18),
    open("slack-token", "xapp-", SNAKE, 18),
    open("slack-webhook", "hooks.slack.com/services/", ALNUM | PLUS, 30),
    open("slack-webhook", "hooks.slack.com/workflows/", ALNUM | PLUS, 30),
    open("slack-webhook", "hooks.slack.com/triggers/", ALNUM | PLUS, 30),
    open("discord-webhook", "discord.com/api/webhooks/", URL64 | PLUS, 60),
    open("discord-webhook", "discordapp.com/api/webhooks/", URL64 | PLUS, 60),
    open("teams-webhook", "webhook.office.com/webhookb2/", URL64 | PLUS | DOT, 60),
    open("zapier-webhook", "hooks.zapier.com/hooks/catch/", ALNUM | PLUS, 10),
    open("sendgrid-key", "SG.", DOTTED, 50),
    exact("mailgun-key", "key-", ALNUM, 32, 32),
    open("brevo-key", "xkeysib-", SNAKE, 60),
    open("brevo-key", "xsmtpsib-", SNAKE, 60),
    open("resend-key", "re_", SNAKE, 30),
    open("postmark-key", "PMAK-", SNAKE, 40),
    open("notion-token", "ntn_", ALNUM, 40),
    exact("notion-token", "secret_", ALNUM, 43, 43),
    open("linear-key", "lin_api_", ALNUM, 32),
    open("linear-key", "lin_oauth_", ALNUM, 32),
    exact("airtable-token", "pat", ALNUM | DOT, 79, 79),
    open("typeform-token", "tfp_", DOTTED | EQUALS, 40),
    open("figma-token", "figd_", SNAKE, 36),
    exact("hubspot-token", "pat-na1-", SNAKE, 36, 36),
    exact("hubspot-token", "pat-na2-", SNAKE, 36, 36),
    exact("hubspot-token", "pat-eu1-", SNAKE, 36, 36),
    exact("hubspot-token", "pat-ap1-", SNAKE, 36, 36),
    open("contentful-token", "CFPAT-", SNAKE, 40),
    open("shippo-token", "shippo_live_", HEX, 36),
    open("dropbox-token", "sl.", DOTTED, 60),
    open("duffel-token", "duffel_", SNAKE | EQUALS, 40),
    open("frameio-token", "fio-u-", SNAKE, 50),
    open("readme-key", "rdme_", ALNUM, 60),
    open("telnyx-key", "KEY01", SNAKE, 40),
    // Money and shops.
    open("stripe-key", "sk_live_", ALNUM, 16),
    open("stripe-key", "sk_test_", ALNUM, 16),
    open("stripe-key", "rk_live_", ALNUM, 16),
    open("stripe-key", "rk_test_", ALNUM, 16),
    open("stripe-key", "sk_prod_", ALNUM, 16),
    open("stripe-key", "rk_prod_", ALNUM, 16),
    open("webhook-secret", "whsec_", BASE64, 24),
    open("square-token", "sq0atp-", SNAKE, 20),
    open("square-token", "sq0csp-", SNAKE, 36),
    open("square-token", "EAAAE", SNAKE, 55),
    open("facebook-token", "EAA", ALNUM, 60),
    open("shopify-token", "shpat_", HEX, 28),
    open("shopify-token", "shpss_", HEX, 28),
    open("shopify-token", "shpca_", HEX, 28),
    open("shopify-token", "shppa_", HEX, 28),
    open("plaid-token", "access-production-", SNAKE, 30),
    open("plaid-token", "access-development-", SNAKE, 30),
    open("plaid-token", "access-sandbox-", SNAKE, 30),
    open("flutterwave-key", "FLWSECK", SNAKE, 24),
    open("flutterwave-key", "FLWPUBK_TEST-", SNAKE, 32),
    exact("lob-key", "live_", SNAKE | EQUALS, 35, 48),
    exact("lob-key", "test_", HEX, 35, 35),
    open("paystack-key", "sk_paystack_", ALNUM, 30),
    open("easypost-key", "EZAK", ALNUM, 54),
    open("easypost-key", "EZTK", ALNUM, 54),
    open("razorpay-key", "rzp_live_", ALNUM, 14),
    // Watching.
    open("grafana-token", "glsa_", SNAKE, 36),
    open("grafana-token", "glc_eyJ", BASE64, 40),
    open("newrelic-key", "NRAK-", ALNUM, 25),
    open("newrelic-key", "NRII-", SNAKE, 30),
    open("newrelic-key", "NRJS-", HEX, 18),
    open("dynatrace-token", "dt0c01.", DOTTED, 60),
    open("dynatrace-token", "dt0s16.", DOTTED, 60),
    open("sentry-token", "sntryu_", HEX, 60),
    open("sentry-token", "sntrys_eyJ", BASE64 | DASH, 60),
    open("posthog-key", "phx_", ALNUM, 40),
    open("posthog-key", "phc_", ALNUM, 40),
    open("sonar-token", "squ_", HEX, 38),
    open("sonar-token", "sqp_", HEX, 38),
    open("sonar-token", "sqa_", HEX, 38),
    open("launchdarkly-key", "api-launch-", SNAKE, 30),
    open("snyk-token", "snyk_uat.", DOTTED, 30),
    open("postman-key", "PMAT-", SNAKE, 24),
    open("buildkite-token", "bkua_", HEX, 38),
    open("circleci-token", "CCIPAT_", SNAKE, 40),
    // Maps and tokens of tokens.
    open("mapbox-token", "sk.eyJ", DOTTED, 50),
    open("jwt", "eyJ", DOTTED, 40),
    open("paseto", "v2.local.", DOTTED, 40),
    open("paseto", "v4.local.", DOTTED, 40),
    open("macaroon", "MDAxY2xvY2F0aW9u", BASE64 | DASH, 40),
    // Our own, and those of the seeds.
    exact("procura-key", "pca_", ALNUM, 30, 80),
    exact("procura-key", "pcp_", ALNUM, 30, 80),
    exact("procura-key", "pcs_", ALNUM, 30, 80),
    exact("procura-key", "pct_", ALNUM, 30, 80),
    exact("procura-key", "pcc_", ALNUM, 30, 80),
    exact("procura-key", "pat_", ALNUM, 30, 80),
    exact("procura-key", "prt_", ALNUM, 30, 80),
    exact("procura-key", "pac_", ALNUM, 30, 80),
    exact("procura-key", "pcl_", ALNUM, 30, 80),
    exact("procura-key", "clm_", ALNUM, 30, 80),
    open("agent-key", "dbdy_", SNAKE, 24),
    open("platform-key", "bpk_", SNAKE, 24),
    open("passport-token", "bhf_pass_", SNAKE, 24),
    open("agent-key", "bhf_", SNAKE, 24),
];

/// Formats whose landmark stands in the middle: how much of which alphabet must stand before it.
pub(crate) struct Middle {
    /// The name in `[redacted:NAME]`.
    pub(crate) kind: &'static str,
    /// The landmark.
    pub(crate) landmark: &'static str,
    /// The alphabet before the landmark.
    pub(crate) before: Class,
    /// The least and greatest length before it.
    pub(crate) before_length: (usize, usize),
    /// The alphabet after it.
    pub(crate) after: Class,
    /// The least length after it.
    pub(crate) after_min: usize,
    /// The greatest length after it.
    pub(crate) after_max: usize,
}

/// Every format with a landmark in the middle.
pub(crate) const MIDDLES: &[Middle] = &[
    Middle {
        kind: "telegram-token",
        landmark: ":AA",
        before: DIGIT,
        before_length: (7, 12),
        after: URL64,
        after_min: 30,
        after_max: 64,
    },
    Middle {
        kind: "terraform-token",
        landmark: ".atlasv1.",
        before: ALNUM,
        before_length: (10, 20),
        after: SNAKE | EQUALS,
        after_min: 50,
        after_max: 128,
    },
    Middle {
        kind: "mailchimp-key",
        landmark: "-us",
        before: HEX,
        before_length: (32, 32),
        after: DIGIT,
        after_min: 1,
        after_max: 4,
    },
];

/// Formats whose landmark is too short to look for; long runs and the rare `~` lead to them.
pub(crate) const TWILIO: &[Format] =
    &[exact("twilio-key", "SK", HEX, 32, 32), exact("twilio-sid", "AC", LOWER_HEX, 32, 32)];

/// Three segments, the second of six characters.
pub(crate) const DISCORD: Middle = Middle {
    kind: "discord-token",
    landmark: ".",
    before: URL64,
    before_length: (22, 30),
    after: DOTTED,
    after_min: 30,
    after_max: 64,
};

/// An app's number, `|`, and its secret.
pub(crate) const FACEBOOK: Middle = Middle {
    kind: "facebook-token",
    landmark: "|",
    before: DIGIT,
    before_length: (14, 18),
    after: URL64,
    after_min: 25,
    after_max: 48,
};

/// Four characters, `Q~`, and the rest.
pub(crate) const AZURE: Middle = Middle {
    kind: "azure-secret",
    landmark: "Q~",
    before: B64TOKEN,
    before_length: (4, 4),
    after: DOTTED | TILDE,
    after_min: 28,
    after_max: 48,
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn more_than_sixty_providers_are_known_and_no_prefix_is_listed_twice() {
        let kinds: BTreeSet<_> = FORMATS.iter().map(|format| format.kind).collect();
        let prefixes: BTreeSet<_> = FORMATS.iter().map(|format| format.prefix).collect();
        assert!(kinds.len() > 60, "{}", kinds.len());
        assert_eq!(prefixes.len(), FORMATS.len());
    }
}
