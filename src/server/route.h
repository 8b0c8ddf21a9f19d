/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhook's port as HTTP: collects the bounded body of POST /mutate, calls the handler, and
 * refuses all else in words. The callbacks of libmicrohttpd; cls is the worker.
 */
#pragma once

#include <microhttpd.h>

/* MHD_AccessHandlerCallback. */
enum MHD_Result ps_route_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **request);

/* MHD_RequestCompletedCallback. */
void ps_route_completed(void *cls, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code);
