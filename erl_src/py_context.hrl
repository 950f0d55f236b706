%% What a caller needs to talk to a port program; see py_context.

-record(context, {port :: port(),
                  pending :: ets:tid(),                % see py_pending
                  ids :: atomics:atomics_ref(),        % the last request id
                  incarnation :: pos_integer(),        % python: of the OS process; table: of the table's file
                  server :: pid(),                     % its py_port
                  pool :: atom(),                      % ?TABLE for the table's
                  max_frame :: pos_integer(),
                  max_in_flight :: pos_integer() | infinity,
                  python :: binary(),                  % "3.13.5"; empty for the table's
                  program :: binary()}).               % version of the port program

%% Stands where a pool's name stands elsewhere.
-define(TABLE, '$table').
