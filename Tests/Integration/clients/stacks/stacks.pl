#!/usr/bin/perl
# Carries out a plan with Mojolicious: perl stacks.pl < plan.json
# What a plan and the answer look like: test_websocket_stacks.py.
use Mojo::Base -strict, -signatures;
use Mojo::JSON qw(decode_json encode_json);
use Mojo::UserAgent;
use Mojo::Util qw(b64_decode encode);

my $plan = decode_json(do { local $/; <STDIN> });
my @expected;
my %answer = (extensions => '', echoed => 0, fragmented => 0);

my $ua = Mojo::UserAgent->new(max_redirects => 0);
my $start = $ua->build_websocket_tx($plan->{url});
$start->req->headers->sec_websocket_extensions('permessage-deflate') if $plan->{deflate};

sub proceed ($tx) {
    return $tx->send({binary => 'ab12' x ($plan->{oversize} / 4)}) if $plan->{oversize};
    $tx->finish($plan->{close}{code}, $plan->{close}{reason});
}

$ua->start($start => sub ($ua, $tx) {
    die 'no WebSocket: ' . $tx->res->code unless $tx->is_websocket;
    $tx->max_websocket_size(16 * 1024 * 1024);
    $answer{extensions} = $tx->res->headers->sec_websocket_extensions // '';
    $tx->on(text => sub ($tx, $bytes) { received($tx, 0, $bytes) });
    $tx->on(binary => sub ($tx, $bytes) { received($tx, 1, $bytes) });
    $tx->on(finish => sub ($tx, $code, $reason = undef) {
        $answer{code} //= $code;
        $answer{reason} //= $reason // '';
        Mojo::IOLoop->stop;
    });
    for my $message (@{$plan->{messages}}) {
        my $binary = exists $message->{base64};
        my $bytes = $binary ? b64_decode($message->{base64}) : encode('UTF-8', $message->{text});
        push @expected, [$binary, $bytes];
        $tx->send($binary ? {binary => $bytes} : {text => $bytes});
        next if length $bytes < 5;
        # By hand: final, three reserved bits, opcode, payload.
        push @expected, [$binary, $bytes];
        my $half = int(length($bytes) / 2);
        $tx->send([0, 0, 0, 0, $binary ? 2 : 1, substr $bytes, 0, $half]);
        $tx->send([1, 0, 0, 0, 0, substr $bytes, $half]);
        $answer{fragmented}++;
    }
    proceed($tx) unless @expected;
});
Mojo::IOLoop->start;
die 'ended early' unless $answer{code};
say encode_json(\%answer);

sub received ($tx, $binary, $bytes) {
    my $wanted = $expected[$answer{echoed}++];
    unless ($wanted && $wanted->[0] == $binary && $wanted->[1] eq $bytes) {
        say STDERR "message $answer{echoed} is another";
        exit 1;
    }
    proceed($tx) if $answer{echoed} == @expected;
}
