/* SPDX-License-Identifier: Apache-2.0 */
/* Words that the configuration and the logger share. Only names, so that both may use them. */
#pragma once

enum ps_log_format {
    PS_LOG_FORMAT_AUTO = 0, /* text on a terminal, JSON otherwise */
    PS_LOG_FORMAT_TEXT,
    PS_LOG_FORMAT_JSON,
};

enum ps_log_level {
    PS_LOG_LEVEL_DEBUG = 0,
    PS_LOG_LEVEL_INFO,
    PS_LOG_LEVEL_WARN,
    PS_LOG_LEVEL_ERROR,
};
