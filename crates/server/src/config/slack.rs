//! How Slack is reached.

/// Slack. Its signing secret and its bot's token are set in the settings.
#[derive(Debug, Clone, confique::Config)]
pub struct Slack {
    /// Where its API is. Another address is for what stands in for Slack; it is also where commands may be answered then.
    #[config(env = "ATELIER_SLACK_API", default = "https://slack.com/api")]
    pub api: String,
}
