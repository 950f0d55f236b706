%% The floor: the same bytes through a port program that does nothing with them.
%%
%% With one caller, the caller owns the port: it writes and receives, and nobody stands between. With more,
%% each caller writes to the port itself and one owner process hands each answer on to its caller, found in a
%% tuple by the id in the frame. Any API over one port needs such a process; it can hardly be cheaper.
-module(bench_echo).

-export([contender/4]).

%% Each operation sends a frame of RequestBytes and gets one of ReplyBytes; both are at least 8.
-spec contender(atom(), file:filename(), RequestBytes :: pos_integer(), ReplyBytes :: pos_integer()) ->
          bench_measure:contender().
contender(Name, Program, RequestBytes, ReplyBytes) ->
    Rest = binary:copy(<<"e">>, RequestBytes - 8),
    {Name, fun(Callers) -> start(Callers, Program, ReplyBytes, Rest) end}.

start(1, Program, ReplyBytes, Rest) ->
    {fun(1) ->
             Port = open(Program),
             Frame = <<ReplyBytes:32, 1:32, Rest/binary>>,
             fun() ->
                     true = erlang:port_command(Port, Frame),
                     receive {Port, {data, Data}} -> ReplyBytes = byte_size(Data) end
             end
     end,
     fun() -> ok end};
start(Callers, Program, ReplyBytes, Rest) ->
    Parent = self(),
    Owner = spawn_link(fun() ->
                               Port = open(Program),
                               Parent ! {self(), Port},
                               own(Port, erlang:make_tuple(Callers, undefined))
                       end),
    Port = receive {Owner, Opened} -> Opened end,
    {fun(I) ->
             Owner ! {caller, I, self()},
             Frame = <<ReplyBytes:32, I:32, Rest/binary>>,
             fun() ->
                     true = erlang:port_command(Port, Frame),
                     receive {Owner, Data} -> ReplyBytes = byte_size(Data) end
             end
     end,
     fun() -> Owner ! stop end}.

open(Program) -> open_port({spawn_executable, Program}, [{packet, 4}, binary, exit_status]).

own(Port, Callers) ->
    receive
        {Port, {data, <<_:32, I:32, _/binary>> = Data}} ->
            element(I, Callers) ! {self(), Data},
            own(Port, Callers);
        {caller, I, Pid} -> own(Port, setelement(I, Callers, Pid));
        stop -> port_close(Port)
    end.
