%% What a caller needs to talk to the port program; see py_context.

-record(context, {port :: port(),
                  pending :: ets:tid(),                % see py_pending
                  ids :: atomics:atomics_ref(),        % the last request id
                  incarnation :: pos_integer(),        % of the port program; grows
                  max_frame :: pos_integer(),
                  max_in_flight :: pos_integer() | infinity,
                  call_timeout :: timeout(),
                  python :: binary(),                  % "3.13.5"
                  program :: binary()}).               % version of the port program
